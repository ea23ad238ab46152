#include "tuner/study/training_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace krige::tuner {

namespace fs = std::filesystem;

namespace {

void remove(const std::string& path) {
  std::error_code error;
  if (!path.empty()) fs::remove(path, error);
}

}  // namespace

TrainingFiles::TrainingFiles(const std::string& folder, const StudyId& study)
    : folder_(folder.empty() ? "" : (fs::path(folder) / study).string()) {}

std::string TrainingFiles::checkpoint(TrialId trial) const {
  return folder_.empty() ? "" : fmt::format("{}/{}.kckpt", folder_, trial);
}

std::string TrainingFiles::model(TrialId trial) const {
  return folder_.empty() ? "" : fmt::format("{}/{}.model", folder_, trial);
}

std::string TrainingFiles::cluster(TrialId trial, AttemptId attempt) const {
  return folder_.empty() ? "" : fmt::format("{}/{}-{}.cluster.json", folder_, trial, attempt);
}

void TrainingFiles::make_folder() const {
  if (folder_.empty()) return;
  std::error_code error;
  for (const fs::path& needed : {fs::path(folder_).parent_path(), fs::path(folder_)})
    if (fs::create_directories(needed, error)) fs::permissions(needed, fs::perms::owner_all, error);
}

void TrainingFiles::forget_checkpoint(TrialId trial) const { remove(checkpoint(trial)); }
void TrainingFiles::forget_model(TrialId trial) const { remove(model(trial)); }

void TrainingFiles::forget(TrialId trial, AttemptId last_attempt) const {
  forget_checkpoint(trial);
  forget_model(trial);
  for (AttemptId attempt = 1; attempt <= last_attempt; ++attempt) remove(cluster(trial, attempt));
}

void TrainingFiles::forget_all() const {
  std::error_code error;
  if (!folder_.empty()) fs::remove_all(folder_, error);
}

void forget_trainings_of_others(const std::string& folder, const std::vector<StudyId>& known) {
  if (folder.empty()) return;
  std::error_code error;
  std::vector<StudyId> left;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    StudyId study = entry->path().filename().string();
    if (std::ranges::find(known, study) == known.end()) left.push_back(std::move(study));
  }
  for (const StudyId& study : left) TrainingFiles(folder, study).forget_all();
}

}  // namespace krige::tuner
