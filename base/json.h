// JSON at the border: objects are read once, strictly, into values. Every fault is collected with the path of its
// field.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace krige {

using Json = nlohmann::json;
// Keeps the order in which keys were written: the order of a study's parameters is the user's.
using OrderedJson = nlohmann::ordered_json;

// Errors: syntax (with its position), a key given twice, nesting deeper than 64, an object of more than 10,000 members.
[[nodiscard]] Result<OrderedJson> parse_json(std::string_view text);

// JSON text on one line. Bytes that are not UTF-8 (a program's output) become U+FFFD instead of an exception.
[[nodiscard]] std::string dump(const OrderedJson& value);

// Numbers that are not finite are the strings "NaN", "Infinity", "-Infinity", both ways.
[[nodiscard]] Json number_to_json(double value);
[[nodiscard]] std::optional<double> number_from_json(const Json& value);
[[nodiscard]] std::optional<double> number_from_json(const OrderedJson& value);

// Faults found while one input is read.
class Faults {
 public:
  void add(std::string field, std::string message);
  void add(const Error& error);  // all of its faults
  [[nodiscard]] std::size_t size() const { return faults_.size(); }
  [[nodiscard]] bool empty() const { return faults_.empty(); }
  // The first as the error, the rest in `others`.
  [[nodiscard]] Error error() const;

 private:
  std::vector<FieldError> faults_;
};

// Reads one object. A key that nobody asked for is a fault (finish()); a value of the wrong kind is a fault and reads
// as absent.
class ObjectReader {
 public:
  // `value` and `faults` must outlive the reader. A value that is not an object is a fault and reads as {}.
  ObjectReader(const OrderedJson& value, std::string path, Faults& faults);

  [[nodiscard]] bool has(std::string_view key) const;
  // The raw value, marked as known; nullptr when absent.
  const OrderedJson* raw(std::string_view key);
  std::optional<std::string> string(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  // A number; the strings of the non-finite ones are refused here.
  std::optional<double> number(std::string_view key);
  // A number in [low, high]; outside is a fault.
  std::optional<double> number_in(std::string_view key, double low, double high);
  // An integer in [low, high]; 3.0 is one, 3.5 is a fault.
  std::optional<std::int64_t> integer_in(std::string_view key, std::int64_t low, std::int64_t high);
  // One of `allowed`; anything else is a fault that lists them.
  std::optional<std::string> one_of(std::string_view key, const std::vector<std::string_view>& allowed);

  // A fault for an absent key.
  void require(std::string_view key);
  void fault(std::string_view key, std::string message);
  [[nodiscard]] std::string path(std::string_view key) const { return join_path(path_, key); }
  // Call last: unknown keys become faults, with the nearest known name when there is one.
  void finish();

 private:
  const OrderedJson* value_;
  std::string path_;
  Faults* faults_;
  std::set<std::string, std::less<>> known_;
};

// The candidate nearest to `word` by edit distance, if it is near enough to be a typing error.
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view word,
                                                      const std::vector<std::string>& candidates);

}  // namespace krige
