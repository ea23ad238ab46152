// Races that lost something once, with their order forced.
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/tuner/study/support.h"

namespace krige::tuner {
namespace {

// Called with each new thread before whoever made it goes on, while it is set.
std::atomic<void (*)()> thread_made = nullptr;

// Whether the end of an attempt was told.
std::atomic<bool> told = false;

bool all_others_sleep() {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(::gettid())) continue;
    std::ifstream file(task.path() / "stat");
    std::string text;
    std::getline(file, text);
    const auto name_end = text.rfind(')');
    if (name_end != std::string::npos && text.substr(name_end + 2, 1) != "S") return false;
  }
  return true;
}

// As if the scheduler let the new thread run as far as it gets: until it has nothing more to do, or waits for the
// thread that made it.
void let_it_run() {
  const MonotonicTime deadline = std::chrono::steady_clock::now() + 10s;
  while (!told && !all_others_sleep() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
}

// Programs that end before start() returns.
class InstantExecutor final : public Executor {
 public:
  void set_callbacks(ExecutorCallbacks callbacks) override { callbacks_ = std::move(callbacks); }
  Status start(const RunSpec& run) override {
    callbacks_.on_line(run.key, R"({"step": 1, "value": 0.5})");
    callbacks_.on_exit(run.key, {});
    told = true;
    return {};
  }
  void stop(const AttemptKey&, Millis) override {}
  Result<int> kill_leftovers() override { return 0; }

 private:
  ExecutorCallbacks callbacks_;
};

class RacesTest : public EngineFixture {
 protected:
  void TearDown() override { thread_made = nullptr; }
  void open_over_instant_programs() {
    told = false;
    engine_.reset();
    engine_ =
        Engine::open(std::make_unique<SharedStorage>(storage_), std::make_unique<InstantExecutor>(), options_).value();
  }
};

constexpr const char* kOneTrial = R"({"method": "random", "command": ["true"], "budget": {"max_trials": 1},
    "parameters": {"x": {"type": "float", "min": 0, "max": 1}}})";

TEST_F(RacesTest, AnAttemptThatEndsBeforeItsStudyIsListedIsNotLost) {
  open_over_instant_programs();
  thread_made = let_it_run;
  const StudyId id = create(kOneTrial);
  thread_made = nullptr;
  EXPECT_TRUE(wait_for_state(id, StudyState::completed));
  EXPECT_EQ(trial(id, 1).value, 0.5);
}

TEST_F(RacesTest, AnAttemptThatEndsWhileItsStudyIsLoadedIsNotLost) {
  const StudyId id = create(kOneTrial);
  ASSERT_TRUE(bench_->wait_for(1));
  engine_.reset();  // its trial will be run again
  thread_made = let_it_run;
  open_over_instant_programs();
  thread_made = nullptr;
  EXPECT_TRUE(wait_for_state(id, StudyState::completed));
  EXPECT_EQ(trial(id, 1).value, 0.5);
}

// A sampler that takes its time, as the Gaussian process does.
class SlowSampler final : public Sampler {
 public:
  struct Bench {
    std::mutex mutex;
    std::condition_variable changed;
    bool entered = false;
    bool released = false;
  };
  explicit SlowSampler(std::shared_ptr<Bench> bench) : bench_(std::move(bench)) {}
  [[nodiscard]] Result<Suggestion> propose(std::span<const Trial>, TrialId next, const SurrogateFit*) override {
    std::unique_lock lock(bench_->mutex);
    bench_->entered = true;
    bench_->changed.notify_all();
    bench_->changed.wait_for(lock, 10s, [&] { return bench_->released; });
    Suggestion suggestion;
    suggestion.params = {{"x", 1.0 / static_cast<double>(next + 1)}};
    suggestion.info.method = "gp";
    return suggestion;
  }

 private:
  const std::shared_ptr<Bench> bench_;
};

class SlowProposalTest : public EngineFixture {
 protected:
  void SetUp() override {
    options_.sampler_for = [this](const StudySpec&) { return std::make_unique<SlowSampler>(slow_); };
    EngineFixture::SetUp();
  }
  // Adds a trial while the sampler computes the point of the first, and lets the sampler end.
  Trial add_meanwhile(const StudyId& id, std::optional<double> value) {
    std::unique_lock lock(slow_->mutex);
    EXPECT_TRUE(slow_->changed.wait_for(lock, 10s, [&] { return slow_->entered; }));
    lock.unlock();
    NewTrial added{{{"x", 0.875}}, {}, value, {}};
    if (value) added.state = TrialState::completed;
    Trial trial = engine_->add_trial(id, added).value();
    lock.lock();
    slow_->released = true;
    slow_->changed.notify_all();
    return trial;
  }
  void expect_kept(const StudyId& id, const Trial& added, TrialState state) {
    const Trial kept = trial(id, added.id);
    EXPECT_EQ(kept.params, added.params);
    EXPECT_EQ(kept.state, state);
    EXPECT_EQ(kept.suggestion.method, added.suggestion.method);
    // As the store has it: a restart reads the same.
    EXPECT_EQ(storage_->trials(id).value().at(static_cast<std::size_t>(added.id) - 1), kept);
  }

  std::shared_ptr<SlowSampler::Bench> slow_ = std::make_shared<SlowSampler::Bench>();
};

constexpr const char* kLearns = R"({"method": "gp", "budget": {"max_trials": 9, "parallel": 2},
    "parameters": {"x": {"type": "float", "min": 0, "max": 1}})";

TEST_F(SlowProposalTest, ATrialThatIsImportedWhileAPointIsComputedForAClientKeepsItsNumber) {
  const StudyId id = create(std::string(kLearns) + "}");
  Assignment given;
  std::jthread client([&] { given = one(id, "w"); });
  const Trial imported = add_meanwhile(id, 0.125);
  client.join();
  EXPECT_EQ(imported.id, 1);
  EXPECT_EQ(given.trial, 2);
  EXPECT_EQ(given.params, (Params{{"x", 1.0 / 3}}));  // made for its number, not for that of the other
  expect_kept(id, imported, TrialState::completed);
  EXPECT_EQ(view(id).best->trial, 1);
}

TEST_F(SlowProposalTest, ATrialThatIsEnqueuedWhileAPointIsComputedForAClientStaysWhatItIs) {
  const StudyId id = create(std::string(kLearns) + "}");
  Assignment given;
  std::jthread client([&] { given = one(id, "w"); });
  const Trial enqueued = add_meanwhile(id, std::nullopt);
  client.join();
  EXPECT_EQ(given.trial, 2);
  expect_kept(id, enqueued, TrialState::waiting);
}

TEST_F(SlowProposalTest, ATrialThatIsEnqueuedWhileAPointIsComputedForThisMachineRunsBesideIt) {
  const StudyId id = create(std::string(kLearns) + R"(, "command": ["true"]})");
  const Trial enqueued = add_meanwhile(id, std::nullopt);
  EXPECT_EQ(enqueued.id, 1);
  for (const TrialId trial : {TrialId{1}, TrialId{2}}) {
    const auto attempt = bench_->wait_for(trial);
    ASSERT_TRUE(attempt);
    bench_->succeed(*attempt, "value", static_cast<double>(trial));
  }
  ASSERT_TRUE(wait_until(id, [](const StudyView& study) {
    const auto completed = study.trial_counts.find(TrialState::completed);
    return completed != study.trial_counts.end() && completed->second >= 2;
  }));
  expect_kept(id, enqueued, TrialState::completed);
  EXPECT_EQ(trial(id, 1).value, 1);
  EXPECT_EQ(trial(id, 2).value, 2);
}

}  // namespace
}  // namespace krige::tuner

// Takes the place of the C library's (and of a sanitizer's, which it calls).
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                              void* argument) {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
  const int result = create(thread, attributes, run, argument);
  if (const auto hook = krige::tuner::thread_made.load(); hook != nullptr && result == 0) hook();
  return result;
}
