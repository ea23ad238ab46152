#include "bench/service_store.h"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/rng.h"
#include "tuner/spec/study_spec.h"
#include "tuner/storage/storage.h"
#include "tuner/study/events.h"

namespace krige::bench {
namespace {

using tuner::Attempt;
using tuner::AttemptState;
using tuner::Change;
using tuner::Record;
using tuner::Trial;
using tuner::TrialState;

constexpr std::int64_t kTrialsAtOnce = 1000;

Trial running_trial(TrialId id, const tuner::StudySpec& spec, Rng& rng, WallTime now) {
  Trial trial;
  trial.id = id;
  trial.state = TrialState::running;
  trial.params = spec.space.sample(rng);
  trial.suggestion.method = "random";
  trial.created_at = now;
  Attempt attempt;
  attempt.token = random_id(32);
  attempt.state = AttemptState::running;
  attempt.worker = "w1";
  attempt.started_at = now;
  trial.attempts.push_back(std::move(attempt));
  return trial;
}

void complete(Trial& trial, WallTime now) {
  const double x = std::get<double>(trial.params.front().second);
  trial.value = (x - 0.3) * (x - 0.3);
  trial.state = TrialState::completed;
  trial.ended_at = now;
  trial.attempts.back().state = AttemptState::succeeded;
  trial.attempts.back().ended_at = now;
}

void add_records(const Trial& trial, std::int64_t count, Change& change) {
  for (std::int64_t step = 1; step <= count; ++step) {
    const Record record{trial.id, 1, step, {{"value", *trial.value + 1.0 / static_cast<double>(step)}}};
    change.events.push_back(tuner::trial_reported(record));
    change.records.push_back(record);
  }
}

}  // namespace

std::string study_file(const std::string& method) {
  return dump({{"name", method},
               {"method", method},
               {"seed", 1},
               {"parameters",
                {{"x", {{"min", 0.0}, {"max", 1.0}}},
                 {"rate", {{"min", 1e-5}, {"max", 1.0}, {"scale", "log"}}},
                 {"layers", {{"min", 1}, {"max", 8}}}}}});
}

Result<StudyId> add_long_study(const std::filesystem::path& folder, const LongStudy& study) {
  KRIGE_TRY(const OrderedJson file, parse_json(study_file(study.method)));
  KRIGE_TRY(const tuner::StudySpec spec, tuner::parse_study(file));
  KRIGE_TRY(const std::unique_ptr<tuner::Storage> storage,
            tuner::open_sqlite_storage((folder / "krige.sqlite").string()));
  const WallTime now = system_clock().wall_now();
  tuner::StudyRow row;
  row.id = random_id(16);
  row.name = spec.name;
  row.spec = dump(tuner::to_json(spec));
  row.created_at = now;
  KRIGE_CHECK(storage->create_study(row, {tuner::study_created({row, std::nullopt, {}})}));
  Rng rng(spec.seed);
  for (std::int64_t first = 1; first <= study.trials; first += kTrialsAtOnce) {
    Change change;
    change.study = row.id;
    change.epoch = 1;
    change.time = now;
    for (TrialId id = first; id <= std::min(study.trials, first + kTrialsAtOnce - 1); ++id) {
      Trial trial = running_trial(id, spec, rng, now);
      change.events.push_back(tuner::trial_created(trial));
      complete(trial, now);
      if (id > study.trials - study.with_curves) add_records(trial, study.records, change);
      change.events.push_back(tuner::trial_state_changed(trial));
      change.trials.push_back(std::move(trial));
    }
    KRIGE_CHECK(storage->commit(change));
  }
  return row.id;
}

}  // namespace krige::bench
