// Looking at trials; routes/workers.cc has what workers do with them.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "server/idempotency.h"
#include "server/routes/input.h"
#include "server/routes/routes.h"
#include "tuner/trial/codec.h"

namespace krige::server {
namespace {

constexpr std::size_t kMaxPageSize = 1000;
constexpr std::size_t kPageSize = 100;
constexpr std::uint64_t kLastTrial = std::numeric_limits<TrialId>::max();

Result<Reply> list(Api& api, const Call& call) {
  QueryReader query(call.request);
  const std::size_t size = query.number("page_size", 1, kMaxPageSize, kPageSize);
  // The token is the first trial of the page.
  const auto first = static_cast<TrialId>(query.number("page_token", 1, kLastTrial, 1));
  std::vector<tuner::TrialState> states;
  for (const std::string& text : query.list("state")) {
    if (const auto state = tuner::trial_state(text))
      states.push_back(*state);
    else
      query.fault("state", fmt::format("{} is not a state of a trial", text));
  }
  KRIGE_CHECK(query.finish());
  KRIGE_TRY(const tuner::TrialPage page, api.engine.trials(call["study"], first, size, states));
  OrderedJson trials = OrderedJson::array();
  for (const tuner::Trial& trial : page.trials) trials.push_back(tuner::to_json(trial));
  return json_reply({{"trials", std::move(trials)},
                     {"next_page_token", page.next ? std::to_string(*page.next) : ""},
                     {"seq", page.seq}});
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

// {params}: a point to be tried next. With value, metrics or state: a trial that has ended elsewhere.
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
  const auto state = reader.one_of("state", {"COMPLETED", "FAILED", "INFEASIBLE"});
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
  router.add("GET", "/api/v1/studies/{study}/trials/{trial}", [&api](const Call& call) { return get(api, call); });
}

}  // namespace krige::server
