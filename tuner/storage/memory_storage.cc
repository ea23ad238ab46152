#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "tuner/storage/rows.h"
#include "tuner/storage/storage.h"

namespace krige::tuner {
namespace {

struct Study {
  StudyRow row;
  std::map<TrialId, Trial> trials;
  std::map<TrialId, std::map<std::pair<AttemptId, std::int64_t>, Record>> records;  // by trial, then attempt and step
  std::vector<Event> events;                                                        // by seq
};

void append(Study& study, const std::vector<NewEvent>& events, WallTime time) {
  for (const NewEvent& event : events) study.events.push_back({++study.row.seq, event.type, time, event.data});
}

void forget(Study& study, const std::vector<TrialId>& trials) {
  if (trials.empty()) return;
  for (const TrialId trial : trials) study.records.erase(trial);
  std::erase_if(study.events, [&](const Event& event) {
    return event.type == kTrialReported && std::ranges::find(trials, reported_trial(event.data)) != trials.end();
  });
}

class MemoryStorage final : public Storage {
 public:
  Status create_study(const StudyRow& row, const std::vector<NewEvent>& events,
                      const std::vector<KeptAnswer>& answers) override {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(studies_, row.id, id_of) != studies_.end()) return fail(study_exists(row.id));
    Study& study = studies_.emplace_back();
    study.row = row;
    study.row.seq = 0;
    study.row.epoch = 1;
    append(study, events, row.created_at);
    for (const KeptAnswer& answer : answers) keep(answer);
    return {};
  }

  Result<std::uint64_t> commit(const Change& change) override {
    KRIGE_CHECK(check(change));
    const std::lock_guard lock(mutex_);
    KRIGE_TRY(Study* const study, find(change.study));
    if (study->row.epoch != change.epoch) return fail(stale_epoch(change, study->row.epoch));
    KRIGE_CHECK(check_records(*study, change));
    // Nothing below can fail: all or nothing.
    for (const Trial& trial : change.trials) study->trials.insert_or_assign(trial.id, trial);
    for (const Record& record : change.records)
      study->records[record.trial].insert_or_assign({record.attempt, record.step}, record);
    forget(*study, change.forgotten);
    append(*study, change.events, change.time);
    for (const KeptAnswer& answer : change.answers) keep(answer);
    if (change.row) {
      study->row.name = change.row->name;
      study->row.spec = change.row->spec;
      study->row.state = change.row->state;
      study->row.state_reason = change.row->state_reason;
      study->row.active_time = change.row->active_time;
      study->row.ended_at = change.row->ended_at;
    }
    return study->row.seq;
  }

  Status delete_study(const StudyId& id) override {
    const std::lock_guard lock(mutex_);
    KRIGE_TRY(Study* const study, find(id));
    studies_.erase(studies_.begin() + (study - studies_.data()));
    return {};
  }

  Result<std::uint64_t> take_over(const StudyId& id) override {
    const std::lock_guard lock(mutex_);
    KRIGE_TRY(Study* const study, find(id));
    return ++study->row.epoch;
  }

  Result<std::vector<StudyRow>> studies() override {
    const std::lock_guard lock(mutex_);
    std::vector<StudyRow> rows;
    for (const Study& study : studies_) rows.push_back(study.row);
    return rows;
  }

  Result<std::vector<Trial>> trials(const StudyId& id) override {
    const std::lock_guard lock(mutex_);
    KRIGE_TRY(const Study* const study, find(id));
    std::vector<Trial> trials;
    for (const auto& [number, trial] : study->trials) trials.push_back(trial);
    return trials;
  }

  Result<std::vector<Record>> records(const StudyId& id, TrialId trial) override {
    const std::lock_guard lock(mutex_);
    KRIGE_TRY(const Study* const study, find(id));
    std::vector<Record> records;
    if (const auto found = study->records.find(trial); found != study->records.end())
      for (const auto& [key, record] : found->second) records.push_back(record);
    return records;
  }

  Result<std::vector<Event>> events(const StudyId& id, std::uint64_t after, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    KRIGE_TRY(const Study* const study, find(id));
    const auto begin = std::ranges::upper_bound(study->events, after, {}, &Event::seq);
    const auto count = std::min(limit, static_cast<std::size_t>(study->events.end() - begin));
    return std::vector<Event>(begin, begin + static_cast<std::ptrdiff_t>(count));
  }

  Result<std::optional<Event>> last_event(const StudyId& id, const std::string& type) override {
    const std::lock_guard lock(mutex_);
    KRIGE_TRY(const Study* const study, find(id));
    const auto found = std::find_if(study->events.rbegin(), study->events.rend(),
                                    [&](const Event& event) { return event.type == type; });
    return found == study->events.rend() ? std::nullopt : std::optional(*found);
  }

  Status keep_answer(const KeptAnswer& answer) override {
    const std::lock_guard lock(mutex_);
    keep(answer);
    return {};
  }

  Result<std::optional<KeptAnswer>> kept_answer(const std::string& key) override {
    const std::lock_guard lock(mutex_);
    const auto found = answers_.find(key);
    return found == answers_.end() ? std::nullopt : std::optional(found->second);
  }

  [[nodiscard]] std::string store_id() const override { return store_id_; }

 private:
  void keep(const KeptAnswer& answer) {
    std::erase_if(answers_, [&](const auto& old) { return old.second.time < answer.time - kAnswersAreKept; });
    answers_.try_emplace(answer.key, answer);
  }

  static const StudyId& id_of(const Study& study) { return study.row.id; }

  Result<Study*> find(const StudyId& id) {
    const auto found = std::ranges::find(studies_, id, id_of);
    if (found == studies_.end()) return fail(no_study(id));
    return &*found;
  }

  static Status check_records(const Study& study, const Change& change) {
    std::set<TrialId> changed;
    for (const Trial& trial : change.trials) changed.insert(trial.id);
    for (const Record& record : change.records)
      if (!changed.contains(record.trial) && !study.trials.contains(record.trial))
        return fail(no_trial(change.study, record.trial));
    return {};
  }

  const std::string store_id_ = random_id(16);
  std::mutex mutex_;
  std::vector<Study> studies_;  // by creation
  std::map<std::string, KeptAnswer> answers_;
};

}  // namespace

std::unique_ptr<Storage> make_memory_storage() { return std::make_unique<MemoryStorage>(); }

}  // namespace krige::tuner
