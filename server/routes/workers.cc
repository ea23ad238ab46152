// The protocol of workers outside: suggest, report, heartbeat, complete.
#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/ids.h"
#include "server/hash.h"
#include "server/idempotency.h"
#include "server/routes/input.h"
#include "server/routes/routes.h"
#include "tuner/trial/codec.h"
#include "tuner/trial/step.h"

namespace krige::server {
namespace {

using tuner::SuggestAnswer;

constexpr std::int64_t kMaxSuggestions = 100;
constexpr std::int64_t kMaxClientIdBytes = 128;
constexpr std::int64_t kMaxTimeoutMs = 30'000;
constexpr std::int64_t kTimeoutMs = 5'000;
// How long a waiting suggest may take to notice that its client has gone or the server stops.
constexpr Millis kSlice{500};

struct SuggestRequest {
  int count = 1;
  std::string client_id;
  Millis timeout{kTimeoutMs};
};

Result<SuggestRequest> read_suggest(const Request& request) {
  KRIGE_TRY(const OrderedJson body, json_body(request));
  Faults faults;
  ObjectReader reader(body, "", faults);
  SuggestRequest suggest;
  suggest.count = static_cast<int>(reader.integer_in("count", 1, kMaxSuggestions).value_or(1));
  // A worker without a name cannot come back for its pending trial: each call is a worker of its own, unless its key
  // says that it is the same call again.
  const auto key = key_of(request);
  const std::string anonymous = "anonymous-" + (key ? fmt::format("{:016x}", hash_of(*key)) : random_id(8));
  suggest.client_id = reader.string("client_id").value_or(reader.has("client_id") ? "" : anonymous);
  if (reader.has("client_id") && (suggest.client_id.empty() || suggest.client_id.size() > kMaxClientIdBytes))
    reader.fault("client_id", "must have between 1 and 128 bytes");
  suggest.timeout = Millis(reader.integer_in("timeout_ms", 0, kMaxTimeoutMs).value_or(kTimeoutMs));
  reader.finish();
  if (!faults.empty()) return fail(faults.error());
  return suggest;
}

Result<SuggestAnswer> wait_for_trials(Api& api, const StudyId& study, const SuggestRequest& suggest,
                                      const std::stop_token& gone) {
  // Without a place to wait, the client is told to come again instead of keeping others from being answered.
  const Slots::Slot place = api.waiting_suggests.take();
  const auto end = std::chrono::steady_clock::now() + (place ? suggest.timeout : Millis(0));
  while (true) {
    const auto left = std::max(Millis(0), std::chrono::ceil<Millis>(end - std::chrono::steady_clock::now()));
    const Millis slice = std::min(left, kSlice);
    const auto slice_end = std::chrono::steady_clock::now() + slice;
    Result<SuggestAnswer> answer = api.engine.suggest(study, suggest.count, suggest.client_id, slice);
    // What comes before the slice's end is all there is to come.
    if (!answer || std::chrono::steady_clock::now() < slice_end || slice == left || gone.stop_requested())
      return answer;
  }
}

void write(JsonWriter& json, const tuner::Assignment& given) {
  json.begin_object();
  json.member("id", given.trial);
  json.member("params", given.params);
  json.key("attempt");
  json.begin_object();
  json.member("id", given.attempt);
  json.member("token", given.token);
  json.member("lease_expires_at", to_rfc3339(given.lease_expires_at));
  json.end_object();
  json.end_object();
}

Result<Reply> suggest(Api& api, const Call& call) {
  KRIGE_CHECK(QueryReader(call.request).finish());
  KRIGE_TRY(const SuggestRequest asked, read_suggest(call.request));
  KRIGE_TRY(const SuggestAnswer answer, wait_for_trials(api, call["study"], asked, call.request.gone));
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("trials");
  json.begin_array();
  for (const tuner::Assignment& given : answer.trials) write(json, given);
  json.end_array();
  if (!answer.reason.empty()) json.member("reason", answer.reason);
  json.end_object();
  Reply reply = json_text_reply(std::move(text), answer.kind == SuggestAnswer::Kind::computing ? 202 : 200);
  if (answer.kind != SuggestAnswer::Kind::trials)
    reply.headers.emplace_back("Retry-After",
                               std::to_string(std::chrono::ceil<std::chrono::seconds>(answer.retry_after).count()));
  return reply;
}

// A body of a worker that holds a trial: the reader, which is to be finished, and the token.
struct WorkerCall {
  OrderedJson body;
  TrialId trial = 0;
};

Result<WorkerCall> read_worker_call(const Call& call) {
  KRIGE_CHECK(QueryReader(call.request).finish());
  KRIGE_TRY(const TrialId trial, trial_id(call));
  KRIGE_TRY(OrderedJson body, json_body(call.request));
  return WorkerCall{std::move(body), trial};
}

// May be left out only where nobody is asked who he is: then the engine decides whether another could hold the trial.
std::optional<std::string> read_token(const Api& api, ObjectReader& reader) {
  if (api.auth != nullptr) reader.require("token");
  return reader.string("token");
}

Result<Reply> report(Api& api, const Call& call) {
  KRIGE_TRY(const WorkerCall worker, read_worker_call(call));
  Faults faults;
  ObjectReader reader(worker.body, "", faults);
  const std::optional<std::string> token = read_token(api, reader);
  reader.require("step");
  const std::int64_t step = reader.integer_in("step", 0, tuner::kMaxStep).value_or(0);
  reader.require("metrics");
  const tuner::Metrics metrics = read_metrics(reader, faults);
  reader.finish();
  if (!faults.empty()) return fail(faults.error());
  KRIGE_TRY(const tuner::Lease lease, api.engine.report(call["study"], worker.trial, token, step, metrics));
  return json_reply({{"should_stop", lease.should_stop}});
}

Result<Reply> heartbeat(Api& api, const Call& call) {
  KRIGE_TRY(const WorkerCall worker, read_worker_call(call));
  Faults faults;
  ObjectReader reader(worker.body, "", faults);
  const std::optional<std::string> token = read_token(api, reader);
  reader.finish();
  if (!faults.empty()) return fail(faults.error());
  KRIGE_TRY(const tuner::Lease lease, api.engine.heartbeat(call["study"], worker.trial, token));
  return json_reply({{"lease_expires_at", to_rfc3339(lease.expires_at)}, {"should_stop", lease.should_stop}});
}

tuner::Completion read_completion(ObjectReader& reader, Faults& faults) {
  tuner::Completion completion;
  const int outcomes = int{reader.has("value")} + int{reader.has("metrics")} + int{reader.has("state")};
  if (outcomes != 1) faults.add("", "needs one of value, metrics and state");
  if (const OrderedJson* value = reader.raw("value")) {
    completion.value = number_from_json(*value);
    if (!completion.value) reader.fault("value", "must be a number, or \"NaN\", \"Infinity\", \"-Infinity\"");
  }
  completion.metrics = read_metrics(reader, faults);
  const auto state = reader.one_of("state", {"COMPLETED", "FAILED", "INFEASIBLE"});
  const bool has_result = !state || *state == "COMPLETED";
  if (!has_result) completion.state = tuner::trial_state(*state);
  completion.reason = reader.string("reason").value_or("");
  if (reader.has("reason") && has_result) reader.fault("reason", "is given with FAILED or INFEASIBLE only");
  return completion;
}

Result<Reply> complete(Api& api, const Call& call) {
  KRIGE_TRY(const WorkerCall worker, read_worker_call(call));
  Faults faults;
  ObjectReader reader(worker.body, "", faults);
  const std::optional<std::string> token = read_token(api, reader);
  const tuner::Completion completion = read_completion(reader, faults);
  reader.finish();
  if (!faults.empty()) return fail(faults.error());
  const auto reply = [](const tuner::Trial& trial) { return json_text_reply(json_text(trial)); };
  const auto keep = kept<tuner::Trial>(call.request, reply);
  KRIGE_TRY(const tuner::Trial trial, api.engine.complete(call["study"], worker.trial, token, completion, keep));
  return reply(trial);
}

}  // namespace

void add_workers(Router& router, Api& api) {
  const std::string trials = "/api/v1/studies/{study}/trials";
  router.add("POST", trials + ":suggest", [&api](const Call& call) { return suggest(api, call); });
  router.add("POST", trials + "/{trial}:report", [&api](const Call& call) { return report(api, call); });
  router.add("POST", trials + "/{trial}:heartbeat", [&api](const Call& call) { return heartbeat(api, call); });
  router.add("POST", trials + "/{trial}:complete", [&api](const Call& call) { return complete(api, call); });
}

}  // namespace krige::server
