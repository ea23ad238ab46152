// A table in the binary layout: one file a section, described by the file `meta`. Little-endian, as the machine is.
//   features  rows × columns, f32 or u8, row-major (dense)
//   offsets   rows + 1 of u64; ids: u32 of each entry; values: f32 of each entry, none if all are 1 (csr)
//   targets   rows of f32: a class's index, or the label itself
//   meta      "KRIGEDAT", version, XXH3 of what follows, then JSON: TableInfo, and the bytes and XXH3 of each section
//   checked   which machine's start and which state of the files have been checked against `meta`
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "base/fd.h"
#include "trainer/data/table_info.h"

namespace krige::trainer {

// Called now and then during long work, for signs of life.
using Progress = std::function<void()>;

enum class Section { features, offsets, ids, values, targets };
inline constexpr std::size_t kSections = 5;
[[nodiscard]] std::string_view name(Section section);

// A mapping of a whole file. Empty files are fine.
class Mapping {
 public:
  enum class Access { read, write };
  Mapping() = default;
  [[nodiscard]] static Result<Mapping> of(int fd, Access access);
  Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping();
  [[nodiscard]] std::size_t size_bytes() const { return bytes_.size(); }
  template <typename T>
  [[nodiscard]] std::span<T> as() const {
    return {reinterpret_cast<T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }

 private:
  explicit Mapping(std::span<char> bytes) : bytes_(bytes) {}
  std::span<char> bytes_;
};

// Rows that all processes of the machine share. Immutable; threads may read at the same time.
class Table {
 public:
  // corrupt: it is not whole, of another version, or was damaged. A section's content is checked unless that has been
  // done since the machine started and the file has not been touched since.
  [[nodiscard]] static Result<Table> open(const std::string& folder, const Progress& progress);

  [[nodiscard]] const TableInfo& info() const { return info_; }
  [[nodiscard]] std::span<const float> features() const { return view<const float>(Section::features); }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return view<const std::uint8_t>(Section::features); }
  [[nodiscard]] std::span<const std::uint64_t> offsets() const { return view<const std::uint64_t>(Section::offsets); }
  [[nodiscard]] std::span<const std::uint32_t> ids() const { return view<const std::uint32_t>(Section::ids); }
  [[nodiscard]] std::span<const float> values() const { return view<const float>(Section::values); }
  [[nodiscard]] std::span<const float> targets() const { return view<const float>(Section::targets); }
  // Of all sections together.
  [[nodiscard]] std::uint64_t size_bytes() const {
    std::uint64_t total = 0;
    for (const Mapping& section : sections_) total += section.size_bytes();
    return total;
  }

 private:
  friend class TableWriter;
  template <typename T>
  [[nodiscard]] std::span<T> view(Section section) const {
    return sections_[static_cast<std::size_t>(section)].as<T>();
  }
  TableInfo info_;
  std::array<Mapping, kSections> sections_;
};

// Writes the sections piece by piece. One thread at a time.
class TableWriter {
 public:
  // In an existing folder, or without one: in files without a name, which end with the process.
  [[nodiscard]] static Result<TableWriter> create(const std::optional<std::string>& folder);
  TableWriter(TableWriter&&) noexcept;
  TableWriter& operator=(TableWriter&&) noexcept;
  ~TableWriter();

  template <typename T>
  [[nodiscard]] Status append(Section section, std::span<const T> items) {
    return append_bytes(section, {reinterpret_cast<const char*>(items.data()), items.size_bytes()});
  }
  // What was appended, to be changed in place.
  [[nodiscard]] Result<Mapping> rewrite(Section section);
  // Everything is on the disk afterwards. corrupt is our own bug: sections that do not fit `info`.
  [[nodiscard]] Result<Table> finish(const TableInfo& info);

 private:
  struct State;
  explicit TableWriter(std::unique_ptr<State> state);
  Status append_bytes(Section section, std::string_view bytes);
  std::unique_ptr<State> state_;
};

}  // namespace krige::trainer
