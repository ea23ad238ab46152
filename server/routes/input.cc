#include "server/routes/input.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "tuner/trial/codec.h"

namespace krige::server {
namespace {

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Reply json_reply(const OrderedJson& json, int status) { return json_text_reply(dump(json), status); }

Reply json_text_reply(std::string json, int status) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(json);
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}

Result<OrderedJson> json_body(const Request& request) {
  if (request.body.empty()) return OrderedJson::object();
  return parse_json(request.body);
}

Status expect_nothing(const Request& request) {
  KRIGE_CHECK(QueryReader(request).finish());
  KRIGE_TRY(const OrderedJson body, json_body(request));
  Faults faults;
  ObjectReader(body, "", faults).finish();
  if (!faults.empty()) return fail(faults.error());
  return {};
}

Result<TrialId> trial_id(const Call& call) {
  const std::optional<TrialId> id = parse_number<TrialId>(call["trial"]);
  if (!id || *id < 1) return fail(ErrorCode::not_found, fmt::format("the study has no trial {}", call["trial"]));
  return *id;
}

std::vector<std::string> QueryReader::take(std::string_view name) {
  known_.emplace_back(name);
  std::vector<std::string> values;
  for (const auto& [key, value] : query_)
    if (key == name) values.push_back(value);
  return values;
}

tuner::Metrics read_metrics(ObjectReader& reader, Faults& faults) {
  const OrderedJson* raw = reader.raw("metrics");
  if (raw == nullptr) return {};
  Result<tuner::Metrics> metrics = tuner::metrics_from_json(*raw, "metrics");
  if (!metrics) {
    faults.add(metrics.error());
    return {};
  }
  if (metrics->empty()) reader.fault("metrics", "must name at least one metric");
  return std::move(*metrics);
}

std::uint64_t QueryReader::number(std::string_view name, std::uint64_t low, std::uint64_t high,
                                  std::uint64_t otherwise) {
  const std::string value = text(name);
  if (value.empty()) return otherwise;
  const std::optional<std::uint64_t> parsed = parse_number<std::uint64_t>(value);
  if (parsed && *parsed >= low && *parsed <= high) return *parsed;
  fault(name, fmt::format("must be a whole number between {} and {}, is {}", low, high, value));
  return otherwise;
}

std::string QueryReader::text(std::string_view name) {
  const std::vector<std::string> values = take(name);
  if (values.size() > 1) fault(name, "is given more than once");
  return values.empty() ? "" : values.front();
}

std::vector<std::string> QueryReader::list(std::string_view name) {
  std::vector<std::string> items;
  for (std::string_view value : take(name)) {
    while (!value.empty()) {
      const auto comma = std::min(value.find(','), value.size());
      items.emplace_back(value.substr(0, comma));
      value.remove_prefix(std::min(comma + 1, value.size()));
    }
  }
  return items;
}

Status QueryReader::finish() {
  for (const auto& [key, value] : query_) {
    if (std::ranges::find(known_, key) != known_.end()) continue;
    const std::optional<std::string> nearest = nearest_name(key, known_);
    fault(key,
          nearest ? fmt::format("is not a known parameter; did you mean {}?", *nearest) : "is not a known parameter");
  }
  if (!faults_.empty()) return fail(faults_.error());
  return {};
}

}  // namespace krige::server
