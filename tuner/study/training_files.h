// The files that the trainings of a study leave, in FOLDER/STUDY: TRIAL.kckpt, from which one that is PAUSED goes on;
// TRIAL.model, of the trials whose model is kept; TRIAL-ATTEMPT.cluster.json, what the processes of an attempt do.
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"

namespace krige::tuner {

// Without a folder there are none, and all paths are empty. A file that cannot be removed stays: it is of no use to
// anybody, and goes with its study.
class TrainingFiles {
 public:
  TrainingFiles(const std::string& folder, const StudyId& study);

  [[nodiscard]] std::string checkpoint(TrialId trial) const;
  [[nodiscard]] std::string model(TrialId trial) const;
  [[nodiscard]] std::string cluster(TrialId trial, AttemptId attempt) const;

  // For its owner only. What cannot be made there, the training says.
  void make_folder() const;
  void forget_checkpoint(TrialId trial) const;
  void forget_model(TrialId trial) const;
  // All of a trial.
  void forget(TrialId trial, AttemptId last_attempt) const;
  void forget_all() const;

 private:
  std::string folder_;
};

// Of studies that are not `known`.
void forget_trainings_of_others(const std::string& folder, const std::vector<StudyId>& known);

}  // namespace krige::tuner
