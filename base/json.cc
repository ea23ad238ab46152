#include "base/json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace krige {
namespace {

constexpr int kMaxDepth = 64;
// Of one object: finding a key takes a look at all of them.
constexpr std::size_t kMaxMembers = 10'000;
constexpr std::size_t kMostFaults = 100;  // that are told of one input

// Finds what the parser itself lets pass: a key given twice, and nesting that would exhaust the stack later.
class StrictCallback {
 public:
  bool operator()(int depth, OrderedJson::parse_event_t event, OrderedJson& parsed) {
    using Event = OrderedJson::parse_event_t;
    if (depth > kMaxDepth && fault_.empty()) fault_ = fmt::format("nested deeper than {}", kMaxDepth);
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end && !keys_.empty()) keys_.pop_back();
    if (event == Event::key && !keys_.empty() && fault_.empty()) note_key(parsed.get<std::string>());
    return fault_.empty();
  }
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  void note_key(std::string key) {
    std::set<std::string>& keys = keys_.back();
    if (keys.size() == kMaxMembers) fault_ = fmt::format("an object has more than {} members", kMaxMembers);
    if (!keys.insert(key).second) fault_ = fmt::format("the key \"{}\" is given twice", key);
  }

  std::vector<std::set<std::string>> keys_;
  std::string fault_;
};

// A fault is told in so many bytes at most, cut between characters: no answer is much larger than what it answers.
std::string shortened(std::string text) {
  constexpr std::size_t kMost = 500;
  if (text.size() <= kMost) return text;
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

template <typename AnyJson>
std::optional<double> read_number(const AnyJson& value) {
  if (value.is_number()) return value.template get<double>();
  if (!value.is_string()) return std::nullopt;
  const std::string text = value.template get<std::string>();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

}  // namespace

Result<OrderedJson> parse_json(std::string_view text) {
  StrictCallback strict;
  try {
    OrderedJson value = OrderedJson::parse(text.begin(), text.end(), std::ref(strict));
    if (!strict.fault().empty()) return fail(ErrorCode::invalid_argument, strict.fault());
    return value;
  } catch (const nlohmann::json::exception& e) {
    if (!strict.fault().empty()) return fail(ErrorCode::invalid_argument, strict.fault());
    std::string message = e.what();
    if (const auto bracket = message.find("] "); bracket != std::string::npos) message = message.substr(bracket + 2);
    const auto* wrong = dynamic_cast<const OrderedJson::parse_error*>(&e);
    const std::string_view there =
        wrong != nullptr && wrong->byte >= 1 && wrong->byte <= text.size() ? text.substr(wrong->byte - 1) : "";
    // As Python's json writes them, and reads them.
    if (there.starts_with("NaN") || there.starts_with("Infinity"))
      message += R"(; numbers that are not finite are the strings "NaN", "Infinity", "-Infinity")";
    return fail(ErrorCode::invalid_argument, "not valid JSON: " + message);
  }
}

std::string dump(const OrderedJson& value) { return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace); }

Json number_to_json(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

std::optional<double> number_from_json(const Json& value) { return read_number(value); }
std::optional<double> number_from_json(const OrderedJson& value) { return read_number(value); }

void Faults::add(std::string field, std::string message) {
  faults_.push_back({shortened(std::move(field)), shortened(std::move(message))});
}

void Faults::add(const Error& error) {
  add(error.field, error.message);
  for (const FieldError& other : error.others) add(other.field, other.message);
}

Error Faults::error() const {
  if (faults_.empty()) return {ErrorCode::internal, "no fault", {}, {}};
  const std::size_t told = std::min(faults_.size(), kMostFaults);
  Error error{ErrorCode::invalid_argument, faults_.front().message, faults_.front().field,
              std::vector<FieldError>(faults_.begin() + 1, faults_.begin() + static_cast<std::ptrdiff_t>(told))};
  if (told < faults_.size()) error.others.push_back({"", fmt::format("and {} further faults", faults_.size() - told)});
  return error;
}

ObjectReader::ObjectReader(const OrderedJson& value, std::string path, Faults& faults)
    : value_(&value), path_(std::move(path)), faults_(&faults) {
  static const OrderedJson kEmpty = OrderedJson::object();
  if (!value.is_object()) {
    faults_->add(path_, fmt::format("must be an object, is {}", value.type_name()));
    value_ = &kEmpty;
  }
}

bool ObjectReader::has(std::string_view key) const { return value_->find(std::string(key)) != value_->end(); }

const OrderedJson* ObjectReader::raw(std::string_view key) {
  known_.emplace(key);
  const auto found = value_->find(std::string(key));
  return found == value_->end() ? nullptr : &*found;
}

void ObjectReader::fault(std::string_view key, std::string message) { faults_->add(path(key), std::move(message)); }

void ObjectReader::require(std::string_view key) {
  known_.emplace(key);
  if (!has(key)) fault(key, "is missing");
}

std::optional<std::string> ObjectReader::string(std::string_view key) {
  const OrderedJson* value = raw(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  fault(key, fmt::format("must be a string, is {}", value->dump()));
  return std::nullopt;
}

std::optional<bool> ObjectReader::boolean(std::string_view key) {
  const OrderedJson* value = raw(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  fault(key, fmt::format("must be true or false, is {}", value->dump()));
  return std::nullopt;
}

std::optional<double> ObjectReader::number(std::string_view key) {
  const OrderedJson* value = raw(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number() && std::isfinite(value->get<double>())) return value->get<double>();
  fault(key, fmt::format("must be a number, is {}", value->dump()));
  return std::nullopt;
}

std::optional<double> ObjectReader::number_in(std::string_view key, double low, double high) {
  const std::optional<double> value = number(key);
  if (!value || (*value >= low && *value <= high)) return value;
  if (std::isinf(high))
    fault(key, fmt::format("must be at least {}, is {}", low, *value));
  else
    fault(key, fmt::format("must be between {} and {}, is {}", low, high, *value));
  return std::nullopt;
}

std::optional<std::int64_t> ObjectReader::integer_in(std::string_view key, std::int64_t low, std::int64_t high) {
  const OrderedJson* value = raw(key);
  if (value == nullptr) return std::nullopt;
  const double number = value->is_number() ? value->get<double>() : std::numeric_limits<double>::quiet_NaN();
  // 2^63 is the first double that an int64 cannot hold.
  if (!(std::floor(number) == number && number >= -0x1p63 && number < 0x1p63)) {
    fault(key, fmt::format("must be an integer, is {}", value->dump()));
    return std::nullopt;
  }
  const auto integer = value->is_number_float() ? static_cast<std::int64_t>(number) : value->get<std::int64_t>();
  if (integer >= low && integer <= high) return integer;
  if (high == std::numeric_limits<std::int64_t>::max())
    fault(key, fmt::format("must be at least {}, is {}", low, integer));
  else
    fault(key, fmt::format("must be between {} and {}, is {}", low, high, integer));
  return std::nullopt;
}

std::optional<std::string> ObjectReader::one_of(std::string_view key, const std::vector<std::string_view>& allowed) {
  const OrderedJson* value = raw(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_string() && std::ranges::find(allowed, value->get<std::string>()) != allowed.end())
    return value->get<std::string>();
  fault(key, fmt::format("must be one of {}, is {}", fmt::join(allowed, ", "), value->dump()));
  return std::nullopt;
}

void ObjectReader::finish() {
  const std::vector<std::string> candidates(known_.begin(), known_.end());
  for (const auto& [key, unused] : value_->items()) {
    if (known_.contains(key)) continue;
    const std::optional<std::string> nearest = nearest_name(key, candidates);
    fault(key, nearest ? fmt::format("is not a known key; did you mean {}?", *nearest) : "is not a known key");
  }
}

std::optional<std::string> nearest_name(std::string_view word, const std::vector<std::string>& candidates) {
  // Levenshtein distance by rows.
  const auto distance = [&](std::string_view other) {
    std::vector<std::size_t> row(other.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = std::exchange(row[0], i);
      for (std::size_t j = 1; j <= other.size(); ++j) {
        const std::size_t substituted = diagonal + (word[i - 1] == other[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
      }
    }
    return row.back();
  };
  std::optional<std::string> best;
  // Further away is no typing error, and to a single letter anything is near.
  std::size_t best_distance = word.size() < 2 ? 1 : word.size() / 3 + 2;
  for (const std::string& candidate : candidates) {
    const std::size_t apart = std::max(word.size(), candidate.size()) - std::min(word.size(), candidate.size());
    if (apart >= best_distance) continue;  // it cannot be nearer than the lengths are
    const std::size_t d = distance(candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace krige
