#include "trainer/data/row_set.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace krige::trainer {

RowSet::RowSet(std::shared_ptr<const Table> table, std::shared_ptr<const Scaling> scaling)
    : table_(std::move(table)), scaling_(std::move(scaling)), size_(table_->info().rows) {}

RowSet::RowSet(std::shared_ptr<const Table> table, std::shared_ptr<const Scaling> scaling,
               std::vector<std::uint32_t> rows)
    : table_(std::move(table)),
      scaling_(std::move(scaling)),
      whole_(false),
      rows_(std::move(rows)),
      size_(rows_.size()) {}

double RowSet::bytes_per_row() const {
  if (size_ == 0) return 0;
  return static_cast<double>(table_->size_bytes()) / static_cast<double>(table_->info().rows);
}

void RowSet::will_need(KeyRange places) const {
  if (sparse() || places.size() == 0) return;
  const std::size_t row_bytes = columns() * (table_->info().layout == Layout::dense_u8 ? 1 : sizeof(float));
  const std::size_t begin = row_at(places.begin) * row_bytes;
  const std::size_t end = (row_at(places.end - 1) + std::size_t{1}) * row_bytes;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t first = begin / page * page;  // the section begins on a page
  // Only advice: an error changes nothing.
  auto* const at = const_cast<std::uint8_t*>(table_->bytes().data()) + first;
  ::madvise(at, end - first, MADV_WILLNEED);
}

Examples RowSet::view(std::uint64_t begin, std::size_t count) const {
  Examples rows;
  rows.columns = columns();
  rows.targets = table_->targets().subspan(begin, count);
  if (sparse()) {
    rows.offsets = table_->offsets().subspan(begin, count + 1);
    rows.ids = table_->ids();
    rows.values = table_->values();
  } else {
    rows.features = table_->features().subspan(begin * rows.columns, count * rows.columns);
  }
  return rows;
}

Examples RowSet::slice(std::uint64_t begin, std::size_t count, RowBuffers& buffers) const {
  const bool as_is = scaling_->empty() && table_->info().layout != Layout::dense_u8;
  if (whole_ && as_is && count > 0) return view(begin, count);
  return copy(
      count, [&](std::size_t i) { return row_at(begin + i); }, buffers);
}

Examples RowSet::gather(std::span<const std::uint32_t> places, RowBuffers& buffers) const {
  return copy(
      places.size(), [&](std::size_t i) { return row_at(places[i]); }, buffers);
}

template <typename RowAt>
Examples RowSet::copy(std::size_t count, const RowAt& row_at, RowBuffers& buffers) const {
  const std::span<const float> targets = table_->targets();
  const std::size_t width = columns();
  buffers.targets.resize(count);
  for (std::size_t i = 0; i < count; ++i) buffers.targets[i] = targets[row_at(i)];
  Examples rows;
  rows.columns = width;
  if (sparse()) {
    buffers.offsets.assign(1, 0);
    buffers.ids.clear();
    buffers.values.clear();
    for (std::size_t i = 0; i < count; ++i) copy_sparse(row_at(i), buffers);
    rows.offsets = buffers.offsets;
    rows.ids = buffers.ids;
    rows.values = buffers.values;
  } else {
    buffers.features.resize(count * width);
    for (std::size_t i = 0; i < count; ++i) copy_dense(row_at(i), buffers.features.data() + i * width);
    rows.features = buffers.features;
  }
  rows.targets = buffers.targets;
  return rows;
}

void RowSet::copy_dense(std::uint32_t row, float* out) const {
  const std::size_t width = columns();
  const double* offset = scaling_->offset.data();
  const double* scale = scaling_->scale.data();
  if (table_->info().layout == Layout::dense_u8) {
    const std::uint8_t* in = table_->bytes().data() + row * width;
    if (scaling_->empty()) {
      for (std::size_t i = 0; i < width; ++i) out[i] = static_cast<float>(in[i]);
    } else if (scaling_->common) {
      const float common = *scaling_->common;
      for (std::size_t i = 0; i < width; ++i) out[i] = static_cast<float>(in[i]) * common;
    } else {
      for (std::size_t i = 0; i < width; ++i) out[i] = static_cast<float>((in[i] - offset[i]) * scale[i]);
    }
    return;
  }
  const float* in = table_->features().data() + row * width;
  if (scaling_->empty()) {
    std::copy_n(in, width, out);
  } else if (!scaling_->fill.empty()) {
    const double* fill = scaling_->fill.data();
    for (std::size_t i = 0; i < width; ++i)
      out[i] = static_cast<float>(((std::isnan(in[i]) ? fill[i] : in[i]) - offset[i]) * scale[i]);
  } else {
    for (std::size_t i = 0; i < width; ++i) out[i] = static_cast<float>((in[i] - offset[i]) * scale[i]);
  }
}

void RowSet::copy_sparse(std::uint32_t row, RowBuffers& buffers) const {
  const std::uint64_t begin = table_->offsets()[row];
  const std::uint64_t end = table_->offsets()[row + std::size_t{1}];
  const std::span<const std::uint32_t> ids = table_->ids().subspan(begin, end - begin);
  buffers.ids.insert(buffers.ids.end(), ids.begin(), ids.end());
  buffers.offsets.push_back(buffers.ids.size());
  const bool ones = table_->info().unit_values;
  if (ones && scaling_->empty()) return;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const float in = ones ? 1.0F : table_->values()[begin + i];
    if (scaling_->empty()) {
      buffers.values.push_back(in);
      continue;
    }
    const std::uint32_t id = ids[i];
    const double value = std::isnan(in) ? scaling_->fill[id] : in;
    buffers.values.push_back(static_cast<float>((value - scaling_->offset[id]) * scaling_->scale[id]));
  }
}

}  // namespace krige::trainer
