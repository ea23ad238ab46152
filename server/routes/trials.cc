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

// filter: `state=A,B`, the same as the parameter state.
std::vector<std::string> wanted_states(QueryReader& query) {
  std::vector<std::string> states = query.list("state");
  constexpr std::string_view kState = "state=";
  std::vector<std::string> filter = query.list("filter");
  if (filter.empty()) return states;
  if (!filter[0].starts_with(kState)) {
    query.fault("filter", "must be state= and states with commas between");
    return states;
  }
  filter[0].erase(0, kState.size());
  states.insert(states.end(), filter.begin(), filter.end());
  return states;
}

tuner::TrialOrder read_order(QueryReader& query) {
  using enum tuner::TrialOrder;
  constexpr std::array<std::pair<std::string_view, tuner::TrialOrder>, 5> kOrders{
      {{"", id}, {"id", id}, {"id desc", id_descending}, {"value", value}, {"value desc", value_descending}}};
  const std::string text = query.text("order_by");
  const auto found = std::ranges::find(kOrders, text, [](const auto& order) { return order.first; });
  if (found != kOrders.end()) return found->second;
  query.fault("order_by", fmt::format("must be id, id desc, value or value desc, is {}", text));
  return id;
}

// The first trial of the page: its id and, where there is one, a colon and its value.
std::string token_of(const tuner::TrialPlace& place) {
  return place.value ? fmt::format("{}:{}", place.id, *place.value) : std::to_string(place.id);
}

std::optional<tuner::TrialPlace> place_of(std::string_view token) {
  tuner::TrialPlace place;
  const char* const end = token.data() + token.size();
  const auto id = std::from_chars(token.data(), end, place.id);
  if (id.ec != std::errc{} || place.id < 1) return std::nullopt;
  if (id.ptr == end) return place;
  double value = 0;
  if (*id.ptr != ':' || std::from_chars(id.ptr + 1, end, value).ptr != end || id.ptr + 1 == end || std::isnan(value))
    return std::nullopt;
  place.value = value;
  return place;
}

Result<Reply> list(Api& api, const Call& call) {
  QueryReader query(call.request);
  tuner::TrialQuery wanted;
  wanted.limit = query.number("page_size", 1, kMaxPageSize, kPageSize);
  wanted.order = read_order(query);
  if (const std::string token = query.text("page_token"); !token.empty()) {
    wanted.from = place_of(token);
    if (!wanted.from) query.fault("page_token", "is not a token of this list");
  }
  for (const std::string& text : wanted_states(query)) {
    if (const auto state = tuner::trial_state(text))
      wanted.states.push_back(*state);
    else
      query.fault("state", fmt::format("{} is not a state of a trial", text));
  }
  KRIGE_CHECK(query.finish());
  KRIGE_TRY(const tuner::TrialPage page, api.engine.trials(call["study"], wanted));
  OrderedJson trials = OrderedJson::array();
  for (const tuner::Trial& trial : page.trials) trials.push_back(tuner::to_json(trial));
  return json_reply(
      {{"trials", std::move(trials)}, {"next_page_token", page.next ? token_of(*page.next) : ""}, {"seq", page.seq}});
}

Reply added_reply(const tuner::Trial& trial) { return json_reply(tuner::to_json(trial), 201); }

// The trials that nothing found so far beats.
Result<Reply> optimal(Api& api, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  KRIGE_TRY(const tuner::TrialPage page, api.engine.optimal(call["study"]));
  OrderedJson trials = OrderedJson::array();
  for (const tuner::Trial& trial : page.trials) trials.push_back(tuner::to_json(trial));
  return json_reply({{"trials", std::move(trials)}, {"seq", page.seq}});
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
  OrderedJson json = tuner::to_json(detail.trial);
  OrderedJson& records = json["records"] = OrderedJson::array();
  for (const tuner::Record& record : detail.records) records.push_back(tuner::to_json(record));
  return json_reply(json);
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
