#include "tuner/storage/timed_storage.h"

#include <chrono>

namespace krige::tuner {
namespace {

class TimedStorage : public Storage {
 public:
  TimedStorage(std::unique_ptr<Storage> storage, StoreTimes& times) : storage_(std::move(storage)), times_(times) {}

  Status create_study(const StudyRow& row, const std::vector<NewEvent>& events,
                      const std::vector<KeptAnswer>& answers) override {
    const Stopwatch watch(times_.writes);
    return storage_->create_study(row, events, answers);
  }
  Result<std::uint64_t> commit(const Change& change) override {
    const Stopwatch watch(times_.writes);
    return storage_->commit(change);
  }
  Status delete_study(const StudyId& study) override {
    const Stopwatch watch(times_.writes);
    return storage_->delete_study(study);
  }
  Result<std::uint64_t> take_over(const StudyId& study) override {
    const Stopwatch watch(times_.writes);
    return storage_->take_over(study);
  }
  Result<std::vector<StudyRow>> studies() override {
    const Stopwatch watch(times_.reads);
    return storage_->studies();
  }
  Result<std::vector<Trial>> trials(const StudyId& study) override {
    const Stopwatch watch(times_.reads);
    return storage_->trials(study);
  }
  Result<std::vector<Record>> records(const StudyId& study, TrialId trial) override {
    const Stopwatch watch(times_.reads);
    return storage_->records(study, trial);
  }
  Result<std::vector<Event>> events(const StudyId& study, std::uint64_t after, std::size_t limit) override {
    const Stopwatch watch(times_.reads);
    return storage_->events(study, after, limit);
  }
  Result<std::optional<Event>> last_event(const StudyId& study, const std::string& type) override {
    const Stopwatch watch(times_.reads);
    return storage_->last_event(study, type);
  }
  Status keep_answer(const KeptAnswer& answer) override {
    const Stopwatch watch(times_.writes);
    return storage_->keep_answer(answer);
  }
  Result<std::optional<KeptAnswer>> kept_answer(const std::string& key) override {
    const Stopwatch watch(times_.reads);
    return storage_->kept_answer(key);
  }
  [[nodiscard]] std::string store_id() const override { return storage_->store_id(); }

 private:
  class Stopwatch {
   public:
    explicit Stopwatch(LatencyHistogram& histogram) : histogram_(histogram) {}
    ~Stopwatch() {
      histogram_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
    }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

   private:
    LatencyHistogram& histogram_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  };

  const std::unique_ptr<Storage> storage_;
  StoreTimes& times_;
};

}  // namespace

std::unique_ptr<Storage> make_timed_storage(std::unique_ptr<Storage> storage, StoreTimes& times) {
  return std::make_unique<TimedStorage>(std::move(storage), times);
}

}  // namespace krige::tuner
