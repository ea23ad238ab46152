// Looking at trials; routes/workers.cc has what workers do with them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "server/idempotency.h"
#include "server/routes/input.h"
#include "server/routes/routes.h"
#include "tuner/trial/codec.h"

namespace krige::server {
namespace {

constexpr std::size_t kMaxPageSize = 1000;
constexpr std::size_t kPageSize = 100;
constexpr char kTextMark = '~';
constexpr std::size_t kMaxOffset = 1'000'000'000;

void read_order(QueryReader& query, tuner::TrialQuery& wanted) {
  using enum tuner::TrialOrder;
  constexpr std::array<std::pair<std::string_view, tuner::TrialOrder>, 5> kOrders{
      {{"", id}, {"id", id}, {"id desc", id_descending}, {"value", value}, {"value desc", value_descending}}};
  constexpr std::string_view kDescending = " desc";
  const std::string text = query.text("order_by");
  const auto found = std::ranges::find(kOrders, text, [](const auto& order) { return order.first; });
  if (found != kOrders.end()) {
    wanted.order = found->second;
    return;
  }
  const bool descending = text.ends_with(kDescending);
  wanted.sort = {text.substr(0, text.size() - (descending ? kDescending.size() : 0)), descending};
}

// The first trial of the page: its id and, behind a colon, the number that orders it, or behind a tilde the text, as
// hexadecimal digits.
std::string token_of(const tuner::TrialPlace& place) {
  std::string token = std::to_string(place.id);
  if (const auto* number = std::get_if<double>(&place.key)) return fmt::format("{}:{}", token, *number);
  if (const auto* text = std::get_if<std::string>(&place.key)) {
    token += kTextMark;
    for (const char c : *text) token += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  return token;
}

std::optional<std::string> text_of(std::string_view digits) {
  std::string text;
  for (; digits.size() >= 2; digits.remove_prefix(2)) {
    unsigned char byte = 0;
    const char* const end = digits.data() + 2;
    if (std::from_chars(digits.data(), end, byte, 16).ptr != end) return std::nullopt;
    text += static_cast<char>(byte);
  }
  return digits.empty() ? std::optional(std::move(text)) : std::nullopt;
}

std::optional<tuner::TrialPlace> place_of(std::string_view token) {
  tuner::TrialPlace place;
  const char* const end = token.data() + token.size();
  const auto id = std::from_chars(token.data(), end, place.id);
  if (id.ec != std::errc{} || place.id < 1) return std::nullopt;
  if (id.ptr == end) return place;
  if (*id.ptr == kTextMark) {
    std::optional<std::string> text = text_of({id.ptr + 1, end});
    if (!text) return std::nullopt;
    place.key = std::move(*text);
    return place;
  }
  double number = 0;
  if (*id.ptr != ':' || std::from_chars(id.ptr + 1, end, number).ptr != end || id.ptr + 1 == end || std::isnan(number))
    return std::nullopt;
  place.key = number;
  return place;
}

void write_trials(JsonWriter& json, const tuner::TrialPage& page) {
  json.key("trials");
  json.begin_array();
  for (const tuner::Trial& trial : page.trials) json.value(trial);
  json.end_array();
}

Result<Reply> list(Api& api, const Call& call) {
  QueryReader query(call.request);
  tuner::TrialQuery wanted;
  wanted.limit = query.number("page_size", 1, kMaxPageSize, kPageSize);
  read_order(query, wanted);
  wanted.offset = query.number("offset", 0, kMaxOffset, 0);
  if (Result<tuner::TrialFilter> filter = tuner::TrialFilter::parse(query.text("filter")))
    wanted.filter = std::move(*filter);
  else
    query.fault("filter", filter.error().message);
  if (const std::string token = query.text("page_token"); !token.empty()) {
    wanted.from = place_of(token);
    wanted.offset = 0;  // is before the first page
    if (!wanted.from) query.fault("page_token", "is not a token of this list");
  }
  for (const std::string& text : query.list("state")) {
    if (const auto state = tuner::trial_state(text))
      wanted.states.push_back(*state);
    else
      query.fault("state", fmt::format("{} is not a state of a trial", text));
  }
  KRIGE_CHECK(query.finish());
  KRIGE_TRY(const tuner::TrialPage page, api.engine.trials(call["study"], wanted));
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  write_trials(json, page);
  json.member("next_page_token", page.next ? token_of(*page.next) : "");
  json.member("seq", page.seq);
  json.member("total_size", page.total);
  json.end_object();
  return json_text_reply(std::move(text));
}

Reply added_reply(const tuner::Trial& trial) { return json_text_reply(json_text(trial), 201); }

// The trials that nothing found so far beats.
Result<Reply> optimal(Api& api, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  KRIGE_TRY(const tuner::TrialPage page, api.engine.optimal(call["study"]));
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  write_trials(json, page);
  json.member("seq", page.seq);
  json.end_object();
  return json_text_reply(std::move(text));
}

// {params}: a point to be tried next. With value, metrics or state: a trial that has ended elsewhere or, CANCELLED, a
// point that is vetoed.
Result<Reply> add(Api& api, const Call& call) {
  KRIGE_CHECK(QueryReader(call.request).finish());
  KRIGE_TRY(const OrderedJson body, json_body(call.request));
  Faults faults;
  ObjectReader reader(body, "", faults);
  tuner::NewTrial trial;
  reader.require("params");
  if (const OrderedJson* params = reader.raw("params")) {
    if (Result<tuner::Params> read = tuner::params_from_json(*params))
      trial.params = std::move(*read);
    else
      faults.add(read.error());
  }
  const OrderedJson* value = reader.raw("value");
  trial.metrics = read_metrics(reader, faults);
  const auto state = reader.one_of("state", {"COMPLETED", "FAILED", "INFEASIBLE", "CANCELLED"});
  trial.reason = reader.string("reason").value_or("");
  reader.finish();
  if (value != nullptr) {
    trial.value = number_from_json(*value);
    if (!trial.value || !std::isfinite(*trial.value)) reader.fault("value", "must be a finite number");
  }
  if (state) trial.state = tuner::trial_state(*state);
  const bool measured = value != nullptr || reader.has("metrics");
  if (value != nullptr && reader.has("metrics")) reader.fault("metrics", "cannot be given with value");
  if (!trial.state && measured) trial.state = tuner::TrialState::completed;
  const bool completed = trial.state == tuner::TrialState::completed;
  if (completed && !measured) reader.fault("value", "is missing");
  if (!completed && measured) reader.fault(value != nullptr ? "value" : "metrics", "is only that of a COMPLETED trial");
  if (!faults.empty()) return fail(faults.error());
  const auto keep = kept<tuner::Trial>(call.request, added_reply);
  KRIGE_TRY(const tuner::Trial added, api.engine.add_trial(call["study"], std::move(trial), keep));
  return added_reply(added);
}

Result<Reply> retry(Api& api, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  KRIGE_TRY(const TrialId id, trial_id(call));
  const auto keep = kept<tuner::Trial>(call.request, added_reply);
  KRIGE_TRY(const tuner::Trial added, api.engine.retry(call["study"], id, keep));
  return added_reply(added);
}

Result<Reply> stop(Api& api, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  KRIGE_TRY(const TrialId id, trial_id(call));
  const auto reply = [](const tuner::Trial& trial) { return json_reply(tuner::to_json(trial)); };
  KRIGE_TRY(const tuner::Trial stopped,
            api.engine.stop_trial(call["study"], id, kept<tuner::Trial>(call.request, reply)));
  return reply(stopped);
}

Result<Reply> get(Api& api, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  KRIGE_TRY(const TrialId id, trial_id(call));
  KRIGE_TRY(const tuner::TrialDetail detail, api.engine.trial(call["study"], id));
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.members(json_text(detail.trial));
  json.key("records");
  json.begin_array();
  for (const tuner::Record& record : detail.records) json.value(record);
  json.end_array();
  json.end_object();
  return json_text_reply(std::move(text));
}

}  // namespace

void add_trials(Router& router, Api& api) {
  router.add("GET", "/api/v1/studies/{study}/trials:optimal", [&api](const Call& call) { return optimal(api, call); });
  router.add("GET", "/api/v1/studies/{study}/trials", [&api](const Call& call) { return list(api, call); });
  router.add("POST", "/api/v1/studies/{study}/trials", [&api](const Call& call) { return add(api, call); });
  router.add("POST", "/api/v1/studies/{study}/trials/{trial}:retry",
             [&api](const Call& call) { return retry(api, call); });
  router.add("POST", "/api/v1/studies/{study}/trials/{trial}:stop",
             [&api](const Call& call) { return stop(api, call); });
  router.add("GET", "/api/v1/studies/{study}/trials/{trial}", [&api](const Call& call) { return get(api, call); });
}

}  // namespace krige::server
