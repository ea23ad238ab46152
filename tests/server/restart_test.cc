// A restart changes nothing that anybody can see: random histories on two services at once, of which one is restarted
// again and again.
#include <algorithm>
#include <array>
#include <map>

#include "base/rng.h"
#include "tests/server/service_fixture.h"
#include "tests/tuner/study/support.h"

namespace krige::server {
namespace {

using namespace std::chrono_literals;

constexpr int kRounds = 4;     // with a restart behind each
constexpr int kActions = 100;  // in each
// Long enough for any fit: what is being computed is no answer to compare.
constexpr int kSuggestMillis = 20'000;

const std::array kOutside{
    R"({"name": "median", "method": "random", "seed": 5, "metric": {"name": "m", "reduce": "best"}, "retries": 1,
        "early_terminate": {"type": "median", "min_trials": 2}, "budget": {"max_trials": 60},
        "parameters": {"x": {"type": "float", "min": 0, "max": 1}}})",
    R"({"name": "several", "method": "sobol", "seed": 6, "budget": {"max_trials": 60},
        "objectives": [{"name": "m"}, {"name": "n", "goal": "maximize", "reduce": "best"}],
        "constraints": [{"name": "c", "max": 0.5}], "early_terminate": {"type": "asha", "metric": "m"},
        "parameters": {"x": {"type": "float", "min": 0, "max": 1}, "y": {"type": "int", "min": 1, "max": 9}}})",
    R"({"name": "last", "method": "grid", "seed": 7, "metric": {"name": "m", "goal": "maximize"},
        "budget": {"max_trials": 60, "no_improvement": 40},
        "parameters": {"x": {"type": "ordinal", "values": [1, 2, 3, 4, 5, 6, 7, 8]}, "y": {"type": "int", "min": 1, "max": 9}}})",
    R"({"name": "modelled", "method": "gp", "seed": 9, "metric": {"name": "m"}, "budget": {"max_trials": 40}, "retries": 1,
        "parameters": {"x": {"type": "float", "min": 0, "max": 1}, "y": {"type": "int", "min": 1, "max": 9}}})"};
constexpr const char* kLocal =
    R"({"name": "local", "method": "random", "seed": 8, "metric": {"name": "m"}, "budget": {"max_trials": 60, "parallel": 3},
        "early_terminate": {"type": "median", "min_trials": 2}, "command": ["/bin/program"],
        "parameters": {"x": {"type": "float", "min": 0, "max": 1}}})";

// Where two texts begin to differ, and how; empty when they are the same.
std::string difference(const std::string& a, const std::string& b) {
  constexpr std::size_t kAround = 150;
  if (a == b) return {};
  const auto at = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  const std::size_t from = at - std::min(at, kAround);
  return a.substr(from, 2 * kAround) + "\n  against\n" + b.substr(from, 2 * kAround);
}

// A service over a store that outlives it.
struct Instance {
  explicit Instance(const Clock& used_clock) : clock(used_clock) { start(); }

  void start() {
    tuner::EngineOptions options;
    options.clock = &clock;
    options.retry_pause = 0ms;
    engine = tuner::Engine::open(std::make_unique<tuner::SharedStorage>(storage),
                                 std::make_unique<tuner::FakeExecutor>(bench), options)
                 .value();
    ServerOptions server_options;
    server_options.auth = false;
    server_options.allowed_programs = {"/bin/program"};
    server = Server::start(*engine, server_options).value();
  }
  void restart() {
    server.reset();
    engine.reset();
    start();
  }

  const Clock& clock;
  std::shared_ptr<tuner::Storage> storage = tuner::make_memory_storage();
  std::shared_ptr<tuner::FakeExecutor::Bench> bench = std::make_shared<tuner::FakeExecutor::Bench>();
  std::unique_ptr<tuner::Engine> engine;
  std::unique_ptr<Server> server;
  std::vector<std::string> studies;                             // their addresses
  std::map<std::pair<std::size_t, int>, OrderedJson> attempts;  // that workers hold, by study and trial
};

class RestartTest : public ServiceTest, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  Answer get_from(const Instance& from, const std::string& path) {
    port_ = from.server->port();
    return get(path);
  }
  Answer post_to(const Instance& to, const std::string& path, const OrderedJson& body) {
    port_ = to.server->port();
    return post(path, body);
  }
  void make(Instance& at, const std::string& file) {
    const Answer made = post_to(at, "/api/v1/studies", OrderedJson::parse(file));
    ASSERT_EQ(made.status, 201) << made.text;
    at.studies.push_back(made.header("Location"));
  }

  // All that can be read of all studies, with their numbers instead of their ids.
  std::string view(Instance& of) {
    std::string text;
    const auto add = [&](const std::string& path) { text += path + "\n" + get_from(of, path).text + "\n"; };
    for (const std::string& study : of.studies) {
      const StudyId id = study.substr(study.rfind('/') + 1);
      // What time has brought comes before any answer to a worker; here it comes now.
      (void)of.engine->heartbeat(id, 1'000'000, "nobody's");
      add(study);
      for (const char* order : {"id", "id%20desc", "value", "value%20desc"})
        add(study + "/trials?page_size=1000&order_by=" + order);
      add(study + "/trials:optimal");
      add(study + "/curves");
      add(study + "/surrogate:next");
      const int trials = static_cast<int>(get_from(of, study + "/trials?page_size=1000").json["trials"].size());
      for (int trial = 1; trial <= trials; ++trial) add(study + "/trials/" + std::to_string(trial));
      const std::vector<tuner::Event> events = of.storage->events(id, 0, 1'000'000).value();
      for (const tuner::Event& event : events)
        text += std::to_string(event.seq) + " " + event.type + " " + event.data + "\n";
    }
    for (std::size_t i = 0; i < of.studies.size(); ++i) {
      const StudyId id = of.studies[i].substr(of.studies[i].rfind('/') + 1);
      for (auto at = text.find(id); at != std::string::npos; at = text.find(id, at))
        text.replace(at, id.size(), "STUDY" + std::to_string(i));
    }
    // Of every request another.
    for (auto at = text.find("\"request_id\""); at != std::string::npos; at = text.find("\"request_id\"", at + 1))
      text.erase(at, text.find('}', at) - at);
    // Read off a clock: the store has it as of the last change.
    for (auto at = text.find("\"active_ms\""); at != std::string::npos; at = text.find("\"active_ms\"", at + 1))
      text.erase(at, text.find_first_of(",}", at) - at);
    return text;
  }

  static OrderedJson number(Rng& rng) {
    if (rng.below(20) == 0) return "NaN";
    return static_cast<double>(rng.below(8)) / 4;  // many equals
  }
  static OrderedJson metrics(Rng& rng, bool all) {
    OrderedJson metrics{{"other", number(rng)}};
    for (const char* name : {"m", "n", "c"})
      if (all || rng.below(4) != 0) metrics[name] = number(rng);
    return metrics;
  }
  // A sign of life of every worker.
  void keep_alive(std::array<Instance*, 2> both) {
    for (Instance* to : both)
      for (const auto& [key, attempt] : to->attempts)
        post_to(*to, to->studies[key.first] + "/trials/" + std::to_string(key.second) + ":heartbeat",
                {{"token", attempt["token"]}});
  }
  // Time passes, also that of leases.
  void wait(Millis time, std::array<Instance*, 2> both) {
    clock_.advance(time);
    for (Instance* of : both)
      for (const std::string& study : of->studies)
        (void)of->engine->heartbeat(study.substr(study.rfind('/') + 1), 1'000'000, "nobody's");
  }
  // A restart gives each attempt a whole lease, which the other service does not: so all of them have one, and those
  // that are STOPPING, whose lease is not renewed, have ended.
  void even_out(std::array<Instance*, 2> both) {
    const Millis lease = tuner::EngineOptions{}.lease;
    keep_alive(both);
    wait(lease / 2, both);
    keep_alive(both);
    wait(lease / 2 + 1ms, both);
    keep_alive(both);
  }
  // What a user changes of a study, as it is sent to both.
  void change(Rng& rng, std::size_t s, std::array<Instance*, 2> both) {
    const std::array<const char*, 3> verbs{"", ":pause", ":resume"};
    const std::string verb = verbs[rng.below(verbs.size())];
    OrderedJson body = OrderedJson::object();
    if (verb.empty() && rng.below(2) == 0)
      body = {{"name", "name " + std::to_string(rng.below(9))}};
    else if (verb.empty())
      body = {{"budget", {{"max_trials", 30 + rng.below(40)}, {"parallel", 1 + rng.below(5)}}}};
    std::array<std::string, 2> said;
    for (std::size_t i = 0; i < 2; ++i) {
      port_ = both[i]->server->port();
      const Answer answer = send(verb.empty() ? "PATCH" : "POST", both[i]->studies[s] + verb, dump(body),
                                 {{"Content-Type", "application/json"}});
      said[i] = std::to_string(answer.status) + " " + (answer.json.is_object() ? answer.json.value("code", "") : "");
    }
    EXPECT_EQ(said[0], said[1]) << verb << " of study " << s << ": " << body;
  }
  // One request of a worker or a user on study `s`, as it is sent to both.
  void act(Rng& rng, std::size_t s, std::array<Instance*, 2> both) {
    const std::uint64_t what = rng.below(16);
    std::vector<int> held;
    for (const auto& [key, attempt] : both[0]->attempts)
      if (key.first == s) held.push_back(key.second);
    const int trial = held.empty() ? 1 : held[rng.below(held.size())];
    OrderedJson body = OrderedJson::object();
    std::string verb;
    bool ends = false;
    if (what < 4 || held.empty()) {
      verb = "s:suggest";
      body = {{"client_id", "w" + std::to_string(rng.below(4))}, {"timeout_ms", kSuggestMillis}};
    } else if (what < 9) {
      verb = ":report";
      body = {{"step", rng.below(6)}, {"metrics", metrics(rng, false)}};
    } else if (what < 11) {
      verb = ":complete";
      ends = true;
      if (rng.below(5) == 0)
        body = {{"state", rng.below(2) == 0 ? "FAILED" : "INFEASIBLE"}, {"reason", "r"}};
      else
        body = {{"metrics", metrics(rng, true)}};
    } else if (what == 11) {
      verb = ":stop";
    } else if (what == 12) {
      verb = ":heartbeat";
    } else if (what == 13) {
      verb = ":retry";
    } else if (what == 14) {
      verb = "s";
      body = {{"params", {{"x", 1 + rng.below(8) % 2}}}};
      if (s != 0) body["params"]["y"] = 1 + rng.below(9);
      if (s == 0) body["params"]["x"] = 0.5;
      if (s == 1) body["params"]["x"] = 0.25;
      if (s == 3) body["params"]["x"] = rng.uniform();
      if (rng.below(2) == 0) body["metrics"] = metrics(rng, true);
    } else {
      body = nullptr;  // the oldest are forgotten
    }
    std::array<std::string, 2> said;
    for (std::size_t i = 0; i < 2; ++i) {
      Instance& to = *both[i];
      const std::string& study = to.studies[s];
      if (body.is_null()) {
        const auto done = to.engine->forget(study.substr(study.rfind('/') + 1), {trial},
                                            {.records = true, .files = trial % 2 == 0, .reason = "r"});
        said[i] = done && !done->empty() ? "forgotten" : "nothing";
        continue;
      }
      OrderedJson sent = body;
      const bool of_trial = verb.starts_with(':');
      if (of_trial && to.attempts.contains({s, trial}) && verb != ":stop" && verb != ":retry")
        sent["token"] = to.attempts[{s, trial}]["token"];
      const Answer answer = post_to(to, study + "/trial" + (of_trial ? "s/" + std::to_string(trial) : "") + verb, sent);
      said[i] = std::to_string(answer.status) + " " + (answer.json.is_object() ? answer.json.value("code", "") : "");
      if (verb == ":report" && answer.status == 200) said[i] += answer.text;
      if (verb == "s:suggest" && answer.json.is_object() && answer.json.contains("trials"))
        for (const OrderedJson& given : answer.json["trials"]) {
          said[i] += " " + given["id"].dump() + given["params"].dump();
          to.attempts[{s, given["id"].get<int>()}] = given["attempt"];
        }
      if (ends && answer.status == 200) to.attempts.erase({s, trial});
    }
    EXPECT_EQ(said[0], said[1]) << verb << " of trial " << trial << " of study " << s << ": " << body;
  }
  // What the attempts of a study of this service print, and how they end.
  void run_locally(Rng& rng, Instance& at) {
    std::vector<tuner::AttemptKey> running;
    {
      const std::lock_guard lock(at.bench->mutex);
      for (const auto& [key, run] : at.bench->running) running.push_back(key);
    }
    for (const tuner::AttemptKey& key : running) {
      const std::uint64_t what = rng.below(8);
      if (what < 5) at.bench->line(key, OrderedJson{{"step", rng.below(6)}, {"m", number(rng)}}.dump());
      if (what == 5) at.bench->exit(key, {.kind = tuner::Outcome::Kind::exited});
      if (what == 6) at.bench->exit(key, {.kind = tuner::Outcome::Kind::exited, .exit_code = 1});
      if (what == 7) (void)at.engine->stop_trial(key.study, key.trial);
    }
  }
  // Until nothing of it runs, and nothing new begins.
  void settle(Instance& at, const std::string& study) {
    ASSERT_EQ(post_to(at, study + ":pause", OrderedJson::object()).status, 200);
    const auto deadline = std::chrono::steady_clock::now() + RawClient::kDeadline;
    bool runs = true;
    while (runs && std::chrono::steady_clock::now() < deadline) {
      std::vector<tuner::AttemptKey> running;
      {
        const std::lock_guard lock(at.bench->mutex);
        for (const auto& [key, run] : at.bench->running) running.push_back(key);
      }
      for (const tuner::AttemptKey& key : running) at.bench->exit(key, {.kind = tuner::Outcome::Kind::exited});
      const OrderedJson counts = get_from(at, study).json["trial_counts"];
      runs = counts.contains("RUNNING") || counts.contains("STOPPING");
    }
    ASSERT_FALSE(runs);
  }

  tuner::ManualClock clock_;
};

TEST_P(RestartTest, ARestartedServiceGoesOnAsTheOneThatWasNot) {
  Rng rng(GetParam());
  Instance steady(clock_), restarted(clock_);
  const std::array<Instance*, 2> both{&steady, &restarted};
  for (const char* file : kOutside)
    for (Instance* instance : {&steady, &restarted}) make(*instance, file);
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    for (int action = 0; action < kActions && !HasFailure(); ++action) {
      if (rng.below(3) == 0) clock_.advance(1ms);  // many things happen within one
      // The modelled one more often: its model is fitted behind a dozen trials.
      const std::size_t study = std::min<std::size_t>(rng.below(6), kOutside.size() - 1);
      const std::uint64_t what = rng.below(20);
      if (what == 0)
        wait(Millis(rng.below(70'000)), both);
      else if (what == 1)
        change(rng, study, both);
      else
        act(rng, study, both);
    }
    even_out(both);
    const std::string before = view(restarted);
    restarted.restart();
    ASSERT_EQ(difference(view(restarted), before), "");
    ASSERT_EQ(difference(view(steady), before), "") << "of the one that was not restarted";
  }
}

TEST_P(RestartTest, ALocalStudyLooksTheSameAfterwards) {
  Rng rng(GetParam());
  Instance instance(clock_);
  make(instance, kLocal);
  const std::string study = instance.studies[0];
  for (int round = 0; round < kRounds; ++round) {
    for (int action = 0; action < kActions; ++action) {
      clock_.advance(Millis(rng.below(2)));
      run_locally(rng, instance);
    }
    if (get_from(instance, study).json["state"] != "ACTIVE") break;
    settle(instance, study);
    if (HasFatalFailure()) return;
    const std::string before = view(instance);
    instance.restart();
    ASSERT_EQ(difference(view(instance), before), "");
    // What ran may have been the last of its budget.
    if (get_from(instance, study).json["state"] != "PAUSED") break;
    ASSERT_EQ(post_to(instance, study + ":resume", OrderedJson::object()).status, 200);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RestartTest, testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace krige::server
