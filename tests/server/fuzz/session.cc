#include "tests/server/fuzz/session.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "server/http/problem.h"
#include "tests/support/fuzz.h"
#include "tuner/spec/study_spec.h"
#include "tuner/study/codec.h"
#include "tuner/trial/codec.h"

namespace krige::server {
namespace {

using fuzz::one_of;
using tuner::TrialState;

constexpr int kPort = 4000;

// Small, so that a few requests reach their ends.
const std::vector<OrderedJson>& study_files() {
  static const std::vector<OrderedJson> kFiles = [] {
    std::vector<OrderedJson> files;
    for (
        const char* text : {
            R"({"name": "a", "method": "random", "seed": 1, "metric": {"name": "loss", "goal": "minimize"}, "retries": 1,
                 "parameters": {"x": {"type": "float", "min": 0, "max": 1}, "n": {"type": "int", "min": 1, "max": 9},
                 "c": {"values": ["a", "b", true], "default": "b"}}, "budget": {"max_trials": 6, "max_failures": 3}})",
            R"({"name": "b", "method": "grid", "parameters": {"a": {"type": "int", "min": 0, "max": 2},
                 "b": {"type": "float", "min": 0, "max": 1, "step": 0.25, "when": {"a": [1, 2]}}}})",
            R"({"name": "c", "method": "sobol", "metric": {"name": "acc", "goal": "maximize", "target": 0.9, "reduce": "best"},
                 "parameters": {"x": {"type": "float", "min": 1e-5, "max": 1, "scale": "log"},
                 "f": {"type": "fixed", "value": "v"}}, "budget": {"max_trials": 5, "no_improvement": 3},
                 "early_terminate": {"type": "median", "min_iter": 1, "min_trials": 1}})",
            R"({"name": "d", "method": "random", "objectives": [{"name": "acc", "goal": "maximize"}, {"name": "loss", "goal":
                 "minimize", "reference": 2}], "constraints": [{"name": "mb", "max": 10}],
                 "parameters": {"x": {"type": "float", "min": 0, "max": 1}}, "budget": {"max_trials": 4}})",
            R"({"name": "e", "method": "gp", "seed": 3, "metric": {"name": "loss", "goal": "minimize"},
                 "parameters": {"x": {"type": "float", "min": 0, "max": 1}, "o": {"type": "ordinal", "values": [1, 2, 4]}},
                 "budget": {"max_trials": 12}})",
            R"({"name": "f", "method": "cmaes", "parameters": {"x": {"type": "float", "min": -1, "max": 1},
                 "y": {"type": "float", "min": -1, "max": 1}}, "budget": {"max_trials": 8}})",
            R"({"name": "g", "method": "random", "metric": {"name": "loss", "goal": "minimize"}, "command": ["true", "{x}"],
                 "parameters": {"x": {"type": "float", "min": 0, "max": 1}}, "budget": {"max_trials": 4, "parallel": 2},
                 "early_terminate": {"type": "asha", "min_iter": 1, "eta": 2}})"})
      files.push_back(parse_json(text).value());
    return files;
  }();
  return kFiles;
}

constexpr std::string_view kTokens[] = {
    "{",    "}",     "[", "]",   ":",  ",",  "\"", "\\u0000", "\\ud800", "\xFF",        "\xC0\xAF",
    "null", "1e999", "-", "NaN", "00", "/*", " ",  "\n",      "\t",      "\"params\":", "\"token\":"};
constexpr std::string_view kPathTokens[] = {
    "/",      "..", ":", "%",      "\n", std::string_view("\0", 1), "\xFF", ":stop", "0", "-1", "9223372036854775808",
    "trials", "?",  "#", "{study}"};

bool reads(const Request& request) { return request.method == "GET" || request.method == "HEAD"; }

bool is_calm(const tuner::StudySpec& spec) {
  return !spec.runs_locally() && spec.method != tuner::Method::gp && spec.method != tuner::Method::cmaes;
}

tuner::StudySpec spec_of(const tuner::StudyView& study) {
  return tuner::parse_study(parse_json(study.row.spec).value()).value();
}

}  // namespace

std::vector<Operation> operations_of(const OrderedJson& document) {
  std::vector<Operation> operations;
  for (const auto& [path, item] : document["paths"].items()) {
    for (const auto& [method, about] : item.items()) {
      if (method == "parameters") continue;
      Operation operation{about["operationId"], method, path, {}, nullptr};
      std::ranges::transform(operation.method, operation.method.begin(),
                             [](unsigned char c) { return std::toupper(c); });
      for (const OrderedJson& given : about.value("parameters", OrderedJson::array())) {
        const OrderedJson& parameter =
            given.contains("$ref") ? document.at(OrderedJson::json_pointer(given["$ref"].get<std::string>().substr(1)))
                                   : given;
        if (parameter["in"] == "query") operation.query.push_back(parameter["name"]);
      }
      if (about.contains("requestBody")) operation.body = about["requestBody"]["content"]["application/json"]["schema"];
      operations.push_back(std::move(operation));
    }
  }
  return operations;
}

Session::Session(Rng rng)
    : rng_(rng), document_(parse_json(openapi_document()).value()), operations_(operations_of(document_)) {
  if (rng_.below(2) == 0)
    storage_ = tuner::make_memory_storage();
  else
    storage_ = tuner::open_sqlite_storage((folder_.path() / "krige.db").string()).value();
  open();
  // Nobody waits: what takes time is answered by "come again".
  gone_.request_stop();
}

Session::~Session() { close(); }

void Session::open() {
  tuner::EngineOptions options;
  options.clock = &clock_;
  options.trainer = "krige-trainer";
  engine_ = tuner::Engine::open(std::make_unique<tuner::SharedStorage>(storage_),
                                std::make_unique<tuner::FakeExecutor>(bench_), options)
                .value();
  ServerOptions server;
  server.auth = false;
  server.data_dir = folder_.path().string();
  server.data_root = folder_.path().string();
  server.allowed_programs = {"true"};
  service_ = std::make_unique<Service>(*engine_, server, kPort, nullptr);
}

void Session::close() {
  service_.reset();
  engine_.reset();
}

std::string Session::some_study() {
  if (studies_.empty() || rng_.below(40) == 0) return fuzz::mutated("0123456789abcdef", kPathTokens, rng_);
  return one_of(studies_, rng_);
}

std::string Session::some_path(const std::string& pattern) {
  std::string path = pattern;
  const auto put = [&](const std::string& name, const std::string& value) {
    if (const auto at = path.find(name); at != std::string::npos) path.replace(at, name.size(), value);
  };
  const auto number = [&] {
    if (rng_.below(20) == 0) return fuzz::mutated("1", kPathTokens, rng_);
    return std::to_string(1 + rng_.below(7));
  };
  put("{study}", some_study());
  put("{trial}", number());
  put("{attempt}", number());
  if (rng_.below(40) == 0) path = fuzz::mutated(path, kPathTokens, rng_);
  return path;
}

OrderedJson Session::sample(const OrderedJson& schema) {
  if (schema.contains("$ref"))
    return sample(document_.at(OrderedJson::json_pointer(schema["$ref"].get<std::string>().substr(1))));
  if (schema.contains("enum")) return schema["enum"][rng_.below(schema["enum"].size())];
  for (const char* key : {"anyOf", "oneOf"})
    if (schema.contains(key) && !schema.contains("properties"))
      return sample(schema[key][rng_.below(schema[key].size())]);
  const std::string type =
      schema.contains("type") && schema["type"].is_string() ? schema["type"] : OrderedJson("number");
  if (type == "integer") return schema.value("minimum", std::int64_t{0}) + static_cast<std::int64_t>(rng_.below(4));
  if (type == "number") return rng_.normal();
  if (type == "boolean") return rng_.below(2) == 0;
  if (type == "string") return one_of(std::vector<std::string>{"w1", "w2", "loss", "30m"}, rng_);
  if (type == "array") return OrderedJson::array();
  OrderedJson object = OrderedJson::object();
  const auto required = schema.value("required", std::vector<std::string>());
  const OrderedJson properties = schema.value("properties", OrderedJson::object());
  for (const auto& [key, inner] : properties.items())
    if (std::ranges::find(required, key) != required.end() || rng_.below(3) == 0) object[key] = sample(inner);
  return object;
}

OrderedJson Session::valid_body(const Operation& operation) {
  if (operation.id == "createStudy") return one_of(study_files(), rng_);
  if (operation.id == "suggestTrials" && rng_.below(2) == 0)
    return {{"client_id", rng_.below(2) == 0 ? "w1" : "w2"}, {"count", 1 + rng_.below(3)}};
  if (operation.id == "checkStudyFile") return {{"text", dump(one_of(study_files(), rng_))}};
  if (operation.body.is_null()) return nullptr;
  OrderedJson body = sample(operation.body);
  const auto metrics = [&] {
    OrderedJson all{{"loss", rng_.normal()}, {"acc", rng_.uniform()}, {"mb", rng_.uniform(5, 15)}};
    if (rng_.below(4) == 0) all.erase(one_of(std::vector<std::string>{"loss", "acc", "mb"}, rng_));
    return all;
  };
  if (body.contains("metrics")) body["metrics"] = metrics();
  if (operation.id == "addTrial") {
    body = {{"params", {{"x", rng_.uniform()}}}};
    if (const auto study = engine_->study(some_study()))
      body["params"] = tuner::to_json(spec_of(*study).space.sample(rng_));
    if (rng_.below(2) == 0) body[rng_.below(2) == 0 ? "value" : "metrics"] = rng_.normal();
    if (body.contains("metrics")) body["metrics"] = metrics();
  }
  if (operation.id == "completeTrial") {
    body = OrderedJson::object();
    if (rng_.below(3) == 0)
      body["state"] = rng_.below(2) == 0 ? "FAILED" : "INFEASIBLE";
    else if (rng_.below(2) == 0)
      body["value"] = rng_.normal();
    else
      body["metrics"] = metrics();
  }
  return body;
}

std::string Session::some_query_value(const std::string& name) {
  static const std::vector<std::string> kValues{
      "1",       "2",     "0", "-1", "400",   "1000", "9223372036854775807", "COMPLETED", "state=RUNNING,FAILED",
      "id desc", "value", "x", "n",  "x,n,x", "loss", "{\"x\": 0.5}",        "{\"x\":",   "1:0.5",
      "2:nan",   "\xFF",  ""};
  if (name == "page_token" && !words_.empty() && rng_.below(2) == 0) return one_of(words_, rng_);
  return one_of(kValues, rng_);
}

const Operation& Session::named(std::string_view id) const {
  return *std::ranges::find(operations_, id, &Operation::id);
}

// What changes trials is where most can break; what ends studies leaves little to break.
const Operation& Session::any_operation() {
  static const std::vector<std::string_view> kOften{"suggestTrials", "suggestTrials", "addTrial",   "completeTrial",
                                                    "completeTrial", "reportTrial",   "retryTrial", "updateStudy"};
  if (rng_.below(2) == 0) return named(one_of(kOften, rng_));
  while (true) {
    const Operation& operation = one_of(operations_, rng_);
    if ((operation.id != "deleteStudy" && operation.id != "stopStudy") || rng_.below(6) == 0) return operation;
  }
}

Session::Call Session::make_call() {
  Call call;
  // Without studies there is little to break, and none would be left if all were deleted.
  const bool creates = studies_.empty() || (studies_.size() < 4 && rng_.below(10) == 0);
  call.operation = creates ? &named("createStudy") : &any_operation();
  const Operation& operation = *call.operation;

  Request& request = call.request;
  request.method = rng_.below(100) == 0 ? "PUT" : operation.method;
  request.path = some_path(operation.path);
  OrderedJson body = valid_body(operation);
  // Who reports or ends a trial holds it, mostly.
  if (!held_.empty() && operation.path.find("{trial}:") != std::string::npos && rng_.below(4) != 0) {
    const Held& held = one_of(held_, rng_);
    request.path = fmt::format("/api/v1/studies/{}/trials/{}{}", held.study, held.trial,
                               operation.path.substr(operation.path.rfind(':')));
    if (body.is_object() && operation.id != "retryTrial" && rng_.below(8) != 0) body["token"] = held.token;
  }
  if (!body.is_null() && rng_.below(5) < 2) body = fuzz::mutated(std::move(body), study_files(), rng_);
  if (!body.is_null()) call.body = dump(body);
  if (rng_.below(30) == 0) call.body = fuzz::mutated(call.body, kTokens, rng_);
  for (const std::string& name : operation.query)
    if (rng_.below(3) == 0) request.query.emplace_back(name, some_query_value(name));
  if (rng_.below(30) == 0)
    request.query.emplace_back(rng_.below(2) == 0 ? "page_size" : "nonsense", some_query_value(""));
  std::ranges::stable_sort(request.query, {}, &Fields::value_type::first);

  request.headers = {{"Host", fmt::format("localhost:{}", kPort)}};
  if (!call.body.empty()) {
    request.headers.emplace_back("Content-Length", std::to_string(call.body.size()));
    request.headers.emplace_back("Content-Type", rng_.below(40) == 0 ? "text/plain" : "application/json");
  }
  if (rng_.below(8) == 0) request.headers.emplace_back("Idempotency-Key", fmt::format("key-{}", rng_.below(6)));
  if (rng_.below(8) == 0 && !words_.empty()) request.headers.emplace_back("If-Match", one_of(words_, rng_));
  if (rng_.below(20) == 0) request.headers.emplace_back("Last-Event-ID", some_query_value(""));
  request.request_id = "r";
  request.gone = gone_.get_token();
  return call;
}

void Session::step() {
  if (rng_.below(8) == 0) {
    last_ = "time passes";
    clock_.advance(Millis(static_cast<Millis::rep>(rng_.below(90'000))));
  } else if (rng_.below(6) == 0) {
    last_ = "programs speak";
    let_programs_speak();
  } else {
    Call call = make_call();
    call.request.body = call.body;
    last_ = fmt::format("{} {} {}", call.request.method, call.request.path, call.body.substr(0, 4000));
    for (const auto& [name, value] : call.request.query) last_ += fmt::format(" ?{}={}", name, value);
    for (const auto& [name, value] : call.request.headers) last_ += fmt::format(" {}: {}", name, value);
    send(call);
  }
  expect_whole();
}

void Session::send(Call& call) {
  const OrderedJson before = calm_state();
  Reply reply;
  if (const Status admitted = service_->admit(call.request); !admitted)
    reply = to_reply(to_problem(admitted.error()), call.request.request_id);
  else
    reply = service_->answer(call.request);
  expect_answer(call, reply);
  ++(reply.status < 400 ? tally_[call.operation->id].done : tally_[call.operation->id].refused);
  if (reply.status >= 400 || reads(call.request)) {
    expect_same(calm_state(), before, "a request that was refused, or only reads, has changed something");
  }
}

void Session::expect_answer(const Call& call, const Reply& reply) {
  ASSERT_TRUE(reply.status < 500 || reply.status == 503) << reply.status << " " << reply.body;
  for (const auto& [name, value] : reply.headers)
    EXPECT_EQ(value.find_first_of(std::string_view("\r\n\0", 3)), std::string::npos) << name;
  if (reply.stream) {
    int pieces = 0;
    reply.stream([&](std::string_view) { return ++pieces < 3; });
    return;
  }
  const OrderedJson json = OrderedJson::parse(reply.body, nullptr, false);
  if (reply.status >= 400) {
    ASSERT_TRUE(json.is_object()) << reply.body;
    EXPECT_EQ(reply.content_type, "application/problem+json");
    EXPECT_EQ(json["status"], reply.status);
    EXPECT_FALSE(json["code"].get<std::string>().empty());
    EXPECT_FALSE(json["detail"].get<std::string>().empty());
    for (const OrderedJson& fault : json["errors"])
      EXPECT_FALSE(fault["message"].get<std::string>().empty()) << reply.body;
    EXPECT_LE(reply.body.size(), std::size_t{1} << 20) << "an answer that is larger than any request";
    return;
  }
  if (reply.content_type != "application/json") return;
  if (reply.body.empty()) {
    EXPECT_TRUE(reply.status == 204 || reply.status == 303) << reply.status;
    return;
  }
  ASSERT_FALSE(json.is_discarded()) << reply.body;
  for (const auto& [name, value] : reply.headers)
    if (name == "ETag") words_.push_back(value);
  learn(call, json);
}

void Session::learn(const Call& call, const OrderedJson& answer) {
  const std::string& id = call.operation->id;
  if (answer.is_object() && answer.contains("next_page_token") && answer["next_page_token"] != "")
    words_.push_back(answer["next_page_token"]);
  if ((id == "createStudy" || id == "cloneStudy") && answer.contains("id") && answer.contains("spec"))
    studies_.push_back(answer["id"]);
  if (id == "suggestTrials" && answer.contains("trials") && answer["trials"].is_array()) {
    const std::string study = call.request.path.substr(std::string_view("/api/v1/studies/").size(), 16);
    for (const OrderedJson& trial : answer["trials"])
      if (trial.contains("attempt")) held_.push_back({study, trial["id"], trial["attempt"]["token"]});
  }
}

void Session::let_programs_speak() {
  std::vector<tuner::AttemptKey> running;
  {
    const std::lock_guard lock(bench_->mutex);
    for (const auto& [key, run] : bench_->running) running.push_back(key);
  }
  if (running.empty()) return;
  const tuner::AttemptKey key = one_of(running, rng_);
  static const std::vector<OrderedJson> kRecords{OrderedJson{{"step", 1}, {"loss", 0.5}, {"acc", 0.5}},
                                                 OrderedJson{{"loss", "NaN"}, {"step", 7}}};
  if (rng_.below(2) == 0) return bench_->line(key, dump(fuzz::mutated(one_of(kRecords, rng_), kRecords, rng_)));
  tuner::Outcome outcome;
  outcome.kind = static_cast<tuner::Outcome::Kind>(rng_.below(5));
  outcome.exit_code = rng_.below(2) == 0 ? 0 : 1;
  outcome.signal = outcome.kind == tuner::Outcome::Kind::signalled ? 9 : 0;
  outcome.reason = "for no reason";
  bench_->exit(key, outcome);
}

OrderedJson Session::calm_state() {
  OrderedJson state = OrderedJson::array();
  for (const tuner::StudyView& listed : engine_->studies()) {
    if (!is_calm(spec_of(listed))) continue;
    // What time has brought is taken in by any request; this one changes nothing of its own.
    static_cast<void>(engine_->heartbeat(listed.row.id, std::numeric_limits<TrialId>::max(), std::nullopt));
    const tuner::StudyView study = engine_->study(listed.row.id).value();
    OrderedJson json{{"study", tuner::to_json(study)}, {"seq", study.row.seq}, {"trials", OrderedJson::array()}};
    json["study"].erase("active_ms");  // read off a clock; the store has it as of the last change
    tuner::TrialQuery all;
    all.limit = 1'000'000;
    const tuner::TrialPage page = engine_->trials(listed.row.id, all).value();
    for (const tuner::Trial& trial : page.trials) json["trials"].push_back(tuner::to_json(trial));
    state.push_back(std::move(json));
  }
  return state;
}

// But studies in which a trial waits: the study's own thread gives it to a worker that has asked before.
void Session::expect_same(const OrderedJson& after, const OrderedJson& before, const char* fault) {
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i]["study"]["trial_counts"].contains("WAITING")) continue;
    EXPECT_EQ(after[i], before[i]) << fault;
  }
}

void Session::expect_whole() {
  for (const tuner::StudyView& study : engine_->studies()) expect_whole(study);
}

// A study's views come one after the other while its own thread may work: only what is compared within one view, or by
// the store's own numbering, can be held against it.
void Session::expect_whole(const tuner::StudyView& study) {
  const tuner::StudySpec spec = spec_of(study);
  tuner::TrialQuery all;
  all.limit = 1'000'000;
  const tuner::TrialPage page = engine_->trials(study.row.id, all).value();
  std::map<TrialState, std::int64_t> counts;
  for (std::size_t i = 0; i < page.trials.size(); ++i) {
    const tuner::Trial& trial = page.trials[i];
    ++counts[trial.state];
    EXPECT_EQ(trial.id, static_cast<TrialId>(i) + 1);
    EXPECT_EQ(trial.ended_at.has_value(), tuner::is_final(trial.state)) << dump(tuner::to_json(trial));
    const Result<tuner::Params> params = spec.space.check(trial.params);
    EXPECT_TRUE(params) << params.error().describe();
    for (std::size_t k = 0; k < trial.attempts.size(); ++k) {
      const bool may_run = k + 1 == trial.attempts.size() && !tuner::is_final(trial.state);
      EXPECT_TRUE(may_run || tuner::is_final(trial.attempts[k].state)) << dump(tuner::to_json(trial));
    }
    EXPECT_TRUE(trial.state != TrialState::running || !trial.attempts.empty());
  }
  if (page.seq == study.row.seq) {
    EXPECT_EQ(counts, study.trial_counts);
    if (study.best) {
      const tuner::Trial& best = page.trials.at(static_cast<std::size_t>(study.best->trial) - 1);
      EXPECT_EQ(best.state, TrialState::completed);
      EXPECT_EQ(best.params, study.best->params);
    }
    for (const auto& [state, count] : counts)
      EXPECT_TRUE(!tuner::is_final(study.row.state) || tuner::is_final(state)) << tuner::name(state);
  }
  const std::vector<tuner::Event> events = storage_->events(study.row.id, 0, 1'000'000).value();
  EXPECT_GE(events.size(), study.row.seq);
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].seq, i + 1);
}

void Session::expect_same_after_restart() {
  last_ = "restart";
  const OrderedJson before = calm_state();
  close();
  bench_->running.clear();
  open();
  expect_same(calm_state(), before, "a restart has changed something");
  expect_whole();
}

}  // namespace krige::server
