// Looking at trials; routes/workers.cc has what workers do with them.
#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

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
  router.add("GET", "/api/v1/studies/{study}/trials", [&api](const Call& call) { return list(api, call); });
  router.add("GET", "/api/v1/studies/{study}/trials/{trial}", [&api](const Call& call) { return get(api, call); });
}

}  // namespace krige::server
