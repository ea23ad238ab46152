// A store that ends its process by SIGKILL at a named point: before or after it has kept a change.
#pragma once

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <vector>

#include "tuner/storage/storage.h"

namespace krige::tuner {

// Points are named by what is kept, as in "before commit TRIAL_CREATED TRIAL_REPORTED", and numbered by how often the
// process came by: "before take_over #2".
class CrashingStorage final : public Storage {
 public:
  // `passed` is told of each point before what happens there; at `crash_at` the process ends.
  CrashingStorage(std::unique_ptr<Storage> storage, std::string crash_at,
                  std::function<void(const std::string&)> passed)
      : storage_(std::move(storage)), crash_at_(std::move(crash_at)), passed_(std::move(passed)) {}

  Status create_study(const StudyRow& row, const std::vector<NewEvent>& events,
                      const std::vector<KeptAnswer>& answers) override {
    return around("create_study", [&] { return storage_->create_study(row, events, answers); });
  }
  Result<std::uint64_t> commit(const Change& change) override {
    std::string what = "commit";
    for (const NewEvent& event : change.events) what += " " + event.type;
    for (const Trial& trial : change.trials) what += fmt::format(" {}", name(trial.state));
    return around(what, [&] { return storage_->commit(change); });
  }
  Status delete_study(const StudyId& study) override {
    return around("delete_study", [&] { return storage_->delete_study(study); });
  }
  Result<std::uint64_t> take_over(const StudyId& study) override {
    return around("take_over", [&] { return storage_->take_over(study); });
  }
  Status keep_answer(const KeptAnswer& answer) override {
    return around("keep_answer", [&] { return storage_->keep_answer(answer); });
  }

  Result<std::vector<StudyRow>> studies() override { return storage_->studies(); }
  Result<std::vector<Trial>> trials(const StudyId& study) override { return storage_->trials(study); }
  Result<std::vector<Record>> records(const StudyId& study, TrialId trial) override {
    return storage_->records(study, trial);
  }
  Result<std::vector<Event>> events(const StudyId& study, std::uint64_t after, std::size_t limit) override {
    return storage_->events(study, after, limit);
  }
  Result<std::optional<Event>> last_event(const StudyId& study, const std::string& type) override {
    return storage_->last_event(study, type);
  }
  Result<std::optional<KeptAnswer>> kept_answer(const std::string& key) override { return storage_->kept_answer(key); }
  [[nodiscard]] std::string store_id() const override { return storage_->store_id(); }

 private:
  template <typename Call>
  std::invoke_result_t<Call> around(const std::string& what, const Call& call) {
    pass("before " + what);
    std::invoke_result_t<Call> done = call();
    pass("after " + what);
    return done;
  }

  void pass(const std::string& what) {
    const std::lock_guard lock(mutex_);
    const std::string point = fmt::format("{} #{}", what, ++times_[what]);
    passed_(point);
    if (point == crash_at_) ::kill(::getpid(), SIGKILL);
  }

  std::unique_ptr<Storage> storage_;
  const std::string crash_at_;
  const std::function<void(const std::string&)> passed_;
  std::mutex mutex_;
  std::map<std::string, int> times_;  // guarded by mutex_
};

}  // namespace krige::tuner
