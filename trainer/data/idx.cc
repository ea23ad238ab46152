#include "trainer/data/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <optional>
#include <vector>

#include "trainer/data/byte_source.h"

namespace krige::trainer {
namespace {

constexpr std::size_t kPieceBytes = 1 << 18;
constexpr std::uint64_t kMaxItemBytes = std::uint64_t{1} << 28;  // as many parameters as a model may have
constexpr std::array<std::string_view, 3> kPackings{".gz", ".xz", ".zst"};

struct Idx {
  std::string path;
  ByteSource source;
  std::uint64_t items = 0;
  std::uint64_t item_bytes = 1;
};

Unexpected no_idx(const std::string& path) {
  return fail(ErrorCode::invalid_argument, fmt::format("{}: is not an IDX file of unsigned bytes", path));
}

Result<Idx> open_idx(const std::string& path) {
  KRIGE_TRY(ByteSource source, ByteSource::open(path));
  std::array<char, 4> magic{};
  KRIGE_TRY(const std::size_t got, source.read(magic));
  const auto dimensions = static_cast<unsigned char>(magic[3]);
  if (got != magic.size() || magic[0] != 0 || magic[1] != 0 || magic[2] != 8 || dimensions == 0) return no_idx(path);
  Idx idx{path, std::move(source)};
  for (unsigned d = 0; d < dimensions; ++d) {
    std::array<char, 4> bytes{};
    KRIGE_TRY(const std::size_t read, idx.source.read(bytes));
    if (read != bytes.size()) return no_idx(path);
    std::uint64_t size = 0;
    for (const char byte : bytes) size = size << 8 | static_cast<unsigned char>(byte);
    if (d == 0)
      idx.items = size;
    else
      idx.item_bytes *= size;
    if (idx.item_bytes == 0 || idx.item_bytes > kMaxItemBytes) return no_idx(path);
  }
  if (idx.items == 0) return fail(ErrorCode::invalid_argument, fmt::format("{}: has no rows", path));
  return idx;
}

// Hands all bytes behind the header to `take`, piece by piece.
template <typename Take>
Status read_items(Idx& idx, const Progress& progress, const Take& take) {
  std::vector<char> piece(kPieceBytes);
  for (std::uint64_t left = idx.items * idx.item_bytes; left > 0;) {
    const auto wanted = std::span(piece).first(std::min<std::uint64_t>(left, piece.size()));
    KRIGE_TRY(const std::size_t got, idx.source.read(wanted));
    if (got < wanted.size()) return fail(ErrorCode::corrupt, fmt::format("{}: ends too early", idx.path));
    KRIGE_CHECK(take(std::span(reinterpret_cast<const std::uint8_t*>(wanted.data()), wanted.size())));
    left -= got;
    progress();
  }
  char more = 0;
  KRIGE_TRY(const std::size_t got, idx.source.read({&more, 1}));
  if (got > 0) return fail(ErrorCode::corrupt, fmt::format("{}: is longer than its header says", idx.path));
  return {};
}

// The target of each byte that is a label.
using Targets = std::array<std::optional<float>, 256>;

Result<Targets> class_targets(const std::array<bool, 256>& seen, const std::string& path, const TableInfo* like,
                              std::vector<std::string>& classes) {
  for (unsigned byte = 0; byte < seen.size() && like == nullptr; ++byte)
    if (seen[byte]) classes.push_back(std::to_string(byte));
  if (like != nullptr) classes = like->classes;
  Targets targets;
  for (unsigned byte = 0; byte < seen.size(); ++byte) {
    if (!seen[byte]) continue;
    const auto found = std::ranges::find(classes, std::to_string(byte));
    if (found == classes.end())
      return fail(ErrorCode::invalid_argument, fmt::format("{}: the training data has no class {}", path, byte));
    targets[byte] = static_cast<float>(found - classes.begin());
  }
  return targets;
}

Status convert_labels(Idx& labels, LabelKind kind, const TableInfo* like, TableWriter& writer, TableInfo& info,
                      const Progress& progress) {
  std::array<bool, 256> seen{};
  std::vector<float> targets;
  KRIGE_CHECK(read_items(labels, progress, [&](std::span<const std::uint8_t> bytes) {
    targets.assign(bytes.begin(), bytes.end());
    for (const std::uint8_t byte : bytes) seen[byte] = true;
    return writer.append<float>(Section::targets, targets);
  }));
  if (kind == LabelKind::number) return {};
  KRIGE_TRY(const Targets of_byte, class_targets(seen, labels.path, like, info.classes));
  KRIGE_TRY(const Mapping section, writer.rewrite(Section::targets));
  for (float& target : section.as<float>()) target = *of_byte[static_cast<std::size_t>(target)];
  return {};
}

// Gives the hash of the labels' file.
Result<std::string> add_labels(const std::string& path, const Idx& images, LabelKind label, const TableInfo* like,
                               TableWriter& writer, TableInfo& info, const Progress& progress) {
  KRIGE_TRY(Idx labels, open_idx(path));
  if (labels.item_bytes != 1 || labels.items != images.items)
    return fail(ErrorCode::invalid_argument, fmt::format("{}: has {} labels of {} bytes for the {} images of {}", path,
                                                         labels.items, labels.item_bytes, images.items, images.path));
  KRIGE_CHECK(convert_labels(labels, label, like, writer, info, progress));
  return labels.source.content_hash();
}

}  // namespace

Result<std::string> find_idx_labels(const std::string& images) {
  const std::filesystem::path path(images);
  std::string name = path.filename().string();
  const auto replace_last = [&name](std::string_view from, std::string_view to) {
    const std::size_t at = name.rfind(from);
    if (at == std::string::npos) return false;
    name.replace(at, from.size(), to);
    return true;
  };
  const bool usual = replace_last("images", "labels");
  replace_last("idx3", "idx1");
  std::string bare = name;
  for (const std::string_view packing : kPackings)
    if (bare.ends_with(packing)) bare.resize(bare.size() - packing.size());
  std::vector<std::string> candidates{name, bare};
  for (const std::string_view packing : kPackings) candidates.push_back(bare + std::string(packing));
  for (const std::string& candidate : candidates) {
    const std::string labels = (path.parent_path() / candidate).string();
    std::error_code error;
    if (usual && std::filesystem::is_regular_file(labels, error)) return labels;
  }
  return fail(ErrorCode::invalid_argument, fmt::format("{}: no file of labels is beside it; name it here", images),
              "data.label");
}

Result<Table> convert_idx(const std::string& images_path, const std::optional<std::string>& labels_path,
                          LabelKind label, const TableInfo* like, TableWriter writer, const Progress& progress) {
  KRIGE_TRY(Idx images, open_idx(images_path));
  if (like != nullptr && like->columns != images.item_bytes)
    return fail(ErrorCode::invalid_argument, fmt::format("{}: its images have {} bytes, those of training {}",
                                                         images_path, images.item_bytes, like->columns));
  TableInfo info;
  info.layout = Layout::dense_u8;
  info.rows = images.items;
  info.columns = info.numeric = images.item_bytes;
  info.label = "label";
  std::string labels_hash;
  if (labels_path) {
    KRIGE_TRY(labels_hash, add_labels(*labels_path, images, label, like, writer, info, progress));
  } else {
    KRIGE_CHECK(writer.append<float>(Section::targets, std::vector<float>(images.items)));
  }
  KRIGE_CHECK(read_items(images, progress, [&](std::span<const std::uint8_t> bytes) {
    return writer.append<std::uint8_t>(Section::features, bytes);
  }));
  KRIGE_TRY(const std::string images_hash, images.source.content_hash());
  info.content = images_hash + labels_hash;
  return writer.finish(info);
}

}  // namespace krige::trainer
