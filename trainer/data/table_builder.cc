#include "trainer/data/table_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "trainer/data/number.h"

namespace krige::trainer {
namespace {

constexpr std::size_t kMaxClasses = 1 << 16;
constexpr std::size_t kMaxCategories = 1 << 22;
constexpr std::size_t kItemsPerProgress = 1 << 20;
constexpr std::uint32_t kUnknown = std::numeric_limits<std::uint32_t>::max();

std::string canonical(const std::string& label) {
  const auto value = as_number(label);
  // -0 is 0.
  return value ? fmt::format("{}", *value + 0.0) : label;
}

// place[i]: where names[i] is in `sorted`.
std::vector<std::uint32_t> places_in(const std::vector<std::string>& names, const std::vector<std::string>& sorted) {
  Names numbers;
  for (const std::string& name : sorted) numbers.number_of(name);
  std::vector<std::uint32_t> places;
  for (const std::string& name : names) places.push_back(*numbers.find(name));
  return places;
}

template <typename T, typename Change>
void for_each_item(std::span<T> items, const Progress& progress, const Change& change) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i % kItemsPerProgress == 0) progress();
    change(items[i]);
  }
}

std::vector<std::string> sorted_categories(const std::vector<std::string>& keys) {
  std::vector<std::string> sorted;
  std::vector<std::vector<std::string>> of_column;
  for (const std::string& key : keys) {
    const std::uint32_t column = column_of(key);
    of_column.resize(std::max<std::size_t>(of_column.size(), column + 1));
    of_column[column].emplace_back(text_of(key));
  }
  for (std::uint32_t column = 0; column < of_column.size(); ++column)
    for (const std::string& text : sorted_names(std::move(of_column[column])))
      sorted.push_back(category_key(column, text));
  return sorted;
}

}  // namespace

Status TableBuilder::add(RowChunk& chunk) {
  if (!plan_.label_is_number) KRIGE_CHECK(number_labels(chunk));
  if (plan_.sparse) {
    KRIGE_CHECK(number_categories(chunk));
    KRIGE_CHECK(add_entries(chunk));
  } else {
    KRIGE_CHECK(writer_.append<float>(Section::features, chunk.values));
  }
  info_.has_missing =
      info_.has_missing || std::ranges::any_of(chunk.values, [](float value) { return std::isnan(value); });
  KRIGE_CHECK(writer_.append<float>(Section::targets, chunk.targets));
  info_.rows += chunk.targets.size();
  info_.skipped += chunk.skipped;
  if (info_.rows > std::numeric_limits<std::uint32_t>::max())
    return fail(ErrorCode::invalid_argument, fmt::format("{}: has more than 2^32 rows", plan_.path));
  if (chunk.fault)
    return fail(ErrorCode::invalid_argument,
                fmt::format("{}:{}: {}", plan_.path, lines_ + chunk.fault->line, chunk.fault->message));
  lines_ += chunk.lines;
  return {};
}

// Numbers are given when a row is seen that has the label: those of rows that were left out make no class.
Status TableBuilder::number_labels(RowChunk& chunk) {
  const std::vector<std::string>& names = chunk.labels.names();
  std::vector<std::uint32_t> numbers(names.size(), kUnknown);
  if (labels_.names().empty() && plan_.like != nullptr)
    for (const std::string& name : plan_.like->classes) labels_.number_of(name);
  for (float& target : chunk.targets) {
    const auto local = static_cast<std::size_t>(target);
    if (numbers[local] == kUnknown) {
      const std::string name = canonical(names[local]);
      if (plan_.like != nullptr && !labels_.find(name))
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{}: the training data has no class {}", plan_.path, name));
      numbers[local] = labels_.number_of(name);
    }
    target = static_cast<float>(numbers[local]);
  }
  if (labels_.names().size() > kMaxClasses)
    return fail(ErrorCode::invalid_argument,
                fmt::format("{}: {} has more than {} classes; numbers are predicted by the model linear", plan_.path,
                            plan_.label_name, kMaxClasses),
                "data.label");
  return {};
}

Status TableBuilder::number_categories(RowChunk& chunk) {
  const std::vector<std::string>& keys = chunk.categories.names();
  if (plan_.hashed > 0 || keys.empty()) return {};
  if (categories_.names().empty() && plan_.like != nullptr)
    for (const std::string& key : plan_.like->categories) categories_.number_of(key);
  std::vector<std::uint32_t> numbers(keys.size(), kUnknown);
  std::size_t to = 0;
  std::size_t from = 0;
  for (std::uint32_t& length : chunk.lengths) {
    std::uint32_t kept = 0;
    for (const std::size_t end = from + length; from < end; ++from) {
      std::uint32_t id = chunk.ids[from];
      if (id >= plan_.numeric) {
        const std::size_t local = id - plan_.numeric;
        if (numbers[local] == kUnknown) {
          // A category that the training data do not have is none of its indicators.
          if (plan_.like != nullptr && !categories_.find(keys[local])) continue;
          numbers[local] = categories_.number_of(keys[local]);
        }
        id = static_cast<std::uint32_t>(plan_.numeric) + numbers[local];
      }
      chunk.ids[to] = id;
      chunk.values[to++] = chunk.values[from];
      ++kept;
    }
    length = kept;
  }
  chunk.ids.resize(to);
  chunk.values.resize(to);
  if (categories_.names().size() > kMaxCategories)
    return fail(ErrorCode::invalid_argument,
                fmt::format("{}: has more than {} categories; hash bounds them", plan_.path, kMaxCategories),
                "data.categorical");
  return {};
}

Status TableBuilder::add_entries(const RowChunk& chunk) {
  std::vector<std::uint64_t> offsets;
  offsets.reserve(chunk.lengths.size());
  for (const std::uint32_t length : chunk.lengths) {
    offsets.push_back(info_.entries);
    info_.entries += length;
  }
  if (plan_.open_ended && !chunk.ids.empty())
    width_ = std::max<std::uint64_t>(width_, std::uint64_t{1} + *std::ranges::max_element(chunk.ids));
  KRIGE_CHECK(writer_.append<std::uint64_t>(Section::offsets, offsets));
  KRIGE_CHECK(writer_.append<std::uint32_t>(Section::ids, chunk.ids));
  return add_values(chunk.values);
}

// Ones are written only once there has been another value.
Status TableBuilder::add_values(std::span<const float> values) {
  if (unit_values_ && std::ranges::all_of(values, [](float value) { return value == 1; })) return {};
  if (unit_values_) {
    unit_values_ = false;
    const std::vector<float> ones(1 << 14, 1.0F);
    for (std::uint64_t left = info_.entries - values.size(); left > 0;) {
      const std::size_t count = std::min<std::uint64_t>(left, ones.size());
      KRIGE_CHECK(writer_.append<float>(Section::values, std::span(ones).first(count)));
      left -= count;
    }
  }
  return writer_.append<float>(Section::values, values);
}

Status TableBuilder::finish_targets(const Progress& progress) {
  if (plan_.label_is_number) return {};
  if (plan_.like != nullptr) {
    info_.classes = plan_.like->classes;
    return {};
  }
  const std::vector<std::string>& names = labels_.names();
  std::vector<float> target_of;
  bool all_numbers = true;
  bool all_integers = true;
  for (const std::string& name : names) {
    const double value = as_number(name).value_or(NAN);
    all_numbers = all_numbers && std::isfinite(value);
    all_integers = all_integers && value == std::floor(value);
    target_of.push_back(static_cast<float>(value));
  }
  if (plan_.label != LabelKind::either || !all_numbers || all_integers) {
    info_.classes = sorted_names(names);
    const std::vector<std::uint32_t> places = places_in(names, info_.classes);
    target_of.assign(places.begin(), places.end());
  }
  KRIGE_TRY(const Mapping targets, writer_.rewrite(Section::targets));
  for_each_item(targets.as<float>(), progress,
                [&](float& target) { target = target_of[static_cast<std::size_t>(target)]; });
  return {};
}

Status TableBuilder::finish_categories(const Progress& progress) {
  if (plan_.like != nullptr) {
    info_.categories = plan_.like->categories;
    return {};
  }
  if (categories_.names().empty()) return {};
  info_.categories = sorted_categories(categories_.names());
  const std::vector<std::uint32_t> places = places_in(categories_.names(), info_.categories);
  KRIGE_TRY(const Mapping ids, writer_.rewrite(Section::ids));
  for_each_item(ids.as<std::uint32_t>(), progress, [&](std::uint32_t& id) {
    if (id >= plan_.numeric) id = static_cast<std::uint32_t>(plan_.numeric) + places[id - plan_.numeric];
  });
  return {};
}

Result<Table> TableBuilder::finish(const std::string& content, const Progress& progress) {
  if (info_.rows == 0) return fail(ErrorCode::invalid_argument, fmt::format("{}: has no rows", plan_.path));
  KRIGE_CHECK(finish_targets(progress));
  KRIGE_CHECK(finish_categories(progress));
  info_.layout = plan_.sparse ? Layout::csr : Layout::dense_f32;
  if (plan_.sparse) KRIGE_CHECK(writer_.append<std::uint64_t>(Section::offsets, std::span(&info_.entries, 1)));
  info_.unit_values = plan_.sparse && unit_values_;
  info_.numeric = plan_.numeric;
  info_.columns = plan_.open_ended ? width_ : plan_.numeric + info_.categories.size() + plan_.hashed;
  if (plan_.like != nullptr) info_.columns = plan_.like->columns;
  if (plan_.like != nullptr) {
    info_.names = plan_.like->names;
  } else if (plan_.hashed == 0) {
    info_.names = plan_.feature_names;
    for (const std::string& key : info_.categories)
      info_.names.push_back(fmt::format("{}={}", plan_.text_columns[column_of(key)], text_of(key)));
  }
  info_.label = plan_.label_name;
  info_.text_columns = plan_.text_columns;
  info_.kinds = plan_.kinds;
  info_.has_header = plan_.has_header;
  info_.content = content;
  return writer_.finish(info_);
}

}  // namespace krige::trainer
