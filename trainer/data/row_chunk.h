// The rows that one chunk of text was parsed to.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace krige::trainer {

// Texts numbered in the order of their first appearance.
class Names {
 public:
  std::uint32_t number_of(std::string_view name) {
    const auto found = numbers_.find(name);
    if (found != numbers_.end()) return found->second;
    const auto number = static_cast<std::uint32_t>(names_.size());
    names_.emplace_back(name);
    numbers_.emplace(name, number);
    return number;
  }
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  void clear() {
    numbers_.clear();
    names_.clear();
  }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
  std::vector<std::string> names_;
};

struct Fault {
  std::size_t line = 0;  // of the chunk, from 1
  std::string message;
};

// Dense: values is rows × columns, `lengths` empty. Sparse: row i has lengths[i] entries of ids and values, ids
// ascending. What is missing is NaN.
struct RowChunk {
  std::size_t lines = 0;
  std::size_t skipped = 0;  // rows left out: malformed ones, or such with a missing value
  std::vector<float> values;
  std::vector<std::uint32_t> ids;
  std::vector<std::uint32_t> lengths;
  std::vector<float> targets;  // the label's number, or its number in `labels`
  Names labels;                // as they are written
  Names categories;            // category_key: an entry's id is the number of numeric columns + its number here
  std::optional<Fault> fault;  // the first malformed row, where that is an error; what is behind it was not parsed
  void clear() {
    lines = skipped = 0;
    values.clear();
    ids.clear();
    lengths.clear();
    targets.clear();
    labels.clear();
    categories.clear();
    fault.reset();
  }
};

// A category of one column as a name among all columns' categories: the column's index and the text.
[[nodiscard]] std::string category_key(std::uint32_t column, std::string_view text);
[[nodiscard]] std::uint32_t column_of(std::string_view category_key);
[[nodiscard]] std::string_view text_of(std::string_view category_key);

// Turns chunks of whole lines into rows. One for each thread.
class RowParser {
 public:
  virtual ~RowParser() = default;
  // `rows` is overwritten. `text` ends with \n.
  virtual void parse(std::string_view text, RowChunk& rows) = 0;
};

}  // namespace krige::trainer
