// What the golden stores of tests/golden/storage hold, by the version that wrote them.
#pragma once

#include <limits>
#include <vector>

#include "tests/tuner/storage/values.h"
#include "tuner/storage/storage.h"

namespace krige::tuner {

// Two studies; the first with trials, records and events, taken over once.
inline std::vector<StudyRow> golden_rows() {
  StudyRow first = study_row("goldenstudy2aaaa");
  first.name = "größe 🙂";
  first.state = StudyState::stopped;
  first.state_reason = "user";
  first.active_time = Millis(61'001);
  first.ended_at = at(1'700'000'200'000);
  first.seq = 4;
  first.epoch = 2;
  StudyRow second = study_row("goldenstudy3bbbb");
  second.epoch = 1;
  return {first, second};
}

// From version 2 on also one with several objectives and constraints; from version 3 on in the order of their end, and
// one of which nothing is left but what it came to.
inline std::vector<Trial> golden_trials(int version) {
  Trial infinite = full_trial(2);
  infinite.state = TrialState::failed;
  infinite.value = -std::numeric_limits<double>::infinity();
  std::vector<Trial> trials{full_trial(1), infinite};
  if (version >= 2) trials.push_back(full_trial_of_several(3));
  if (version >= 3) {
    trials[1].records_removed_at = at(1'700'000'400'000);
    trials[1].files_removed_at = at(1'700'000'500'000);
  } else {
    for (Trial& trial : trials) trial.end_number = 0;
  }
  return trials;
}

inline std::vector<Record> golden_records() {
  return {record(1, 1, 1, 0.5), {1, 3, 7, {{"accuracy", 0.1}, {"up", std::numeric_limits<double>::infinity()}}}};
}

inline std::vector<Event> golden_events() {
  return {{1, "STUDY_CREATED", at(1'700'000'000'123), R"({"study": {}})"},
          {2, "TRIAL_CREATED", at(1'700'000'150'000), R"({"trial": {"note": "größe"}})"},
          {3, "TRIAL_CREATED", at(1'700'000'150'000), "{}"},
          {4, "STUDY_STATE_CHANGED", at(1'700'000'200'000), R"({"state": "STOPPED"})"}};
}

// Since version 2.
inline KeptAnswer golden_answer() {
  return {"key-1", "POST /studies", R"({"status": 201, "body": "größe"})", at(1'700'000'300'000)};
}

}  // namespace krige::tuner
