#include "server/retention/retention.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/json.h"
#include "base/log.h"

namespace krige::server {
namespace {

namespace fs = std::filesystem;

// Removed in one change of a study.
constexpr std::size_t kTrialsAtOnce = 200;

struct TrialFiles {
  std::vector<fs::path> paths;
  std::uint64_t bytes = 0;
};

// A trial that has ended and may be touched.
struct Candidate {
  StudyId study;
  TrialId trial = 0;
  WallTime ended_at;
  bool has_records = false;
};

// On the disk: a log may have a hole.
std::uint64_t bytes_of(const fs::path& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0 ? static_cast<std::uint64_t>(about.st_blocks) * 512 : 0;
}

// The names begin with the trial's id: 12-1.log, 12.model.
void add_files(const fs::path& folder, std::map<TrialId, TrialFiles>& into) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    TrialId trial = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), trial);
    if (read.ec != std::errc{} || trial < 1) continue;
    TrialFiles& files = into[trial];
    files.paths.push_back(entry->path());
    files.bytes += bytes_of(entry->path());
  }
}

class Sweep {
 public:
  Sweep(const Retention::Services& services, const RetentionOptions& options, const std::stop_token& stop)
      : services_(services), options_(options), stop_(stop) {}

  Swept run() {
    for (const tuner::StudyView& study : services_.engine->studies()) look_at(study);
    remove_by_age();
    if (options_.files_bytes) remove_by_size();
    return swept_;
  }

 private:
  [[nodiscard]] bool is_over() const { return stop_.stop_requested() || std::chrono::steady_clock::now() >= deadline_; }

  void look_at(const tuner::StudyView& study) {
    if (is_over()) return;
    const StudyId& id = study.row.id;
    std::map<TrialId, TrialFiles>& files = files_[id];
    if (!services_.log_folder.empty()) add_files(fs::path(services_.log_folder) / id, files);
    if (const std::string& folder = services_.engine->training_folder(); !folder.empty())
      add_files(fs::path(folder) / id, files);
    for (const auto& [trial, held] : files) swept_.bytes_before += held.bytes;
    const std::set<TrialId> best = best_of(study);
    tuner::TrialQuery query;
    query.limit = 1000;
    for (bool more = true; more && !is_over();) {
      const Result<tuner::TrialPage> page = services_.engine->trials(id, query);
      if (!page) return;  // deleted meanwhile
      for (const tuner::Trial& trial : page->trials) {
        if (!tuner::is_final(trial.state) || !trial.ended_at) continue;
        // What a crash has left behind its commit.
        if (trial.files_removed_at && files.contains(trial.id)) remove_files(id, trial.id);
        if (!best.contains(trial.id)) candidates_.push_back({id, trial.id, *trial.ended_at, !trial.records_removed_at});
      }
      query.from = page->next;
      more = page->next.has_value();
    }
  }

  [[nodiscard]] std::set<TrialId> best_of(const tuner::StudyView& study) const {
    if (!study.optimal.empty()) return {study.optimal.begin(), study.optimal.end()};
    if (options_.keep_best < 1) return {};
    const OrderedJson spec = parse_json(study.row.spec).value_or(OrderedJson::object());
    const bool minimize =
        spec.value("metric", OrderedJson::object()).value("goal", std::string("minimize")) == "minimize";
    tuner::TrialQuery query;
    query.order = minimize ? tuner::TrialOrder::value : tuner::TrialOrder::value_descending;
    query.limit = static_cast<std::size_t>(options_.keep_best);
    query.states = {tuner::TrialState::completed};
    std::set<TrialId> best;
    if (const Result<tuner::TrialPage> page = services_.engine->trials(study.row.id, query))
      for (const tuner::Trial& trial : page->trials) best.insert(trial.id);
    return best;
  }

  void remove_by_age() {
    const WallTime now = services_.clock->wall_now();
    const auto is_due = [&](const Candidate& one, const std::optional<Millis>& age) {
      return age && one.ended_at + *age <= now;
    };
    std::map<StudyId, std::vector<TrialId>> records, files;
    for (const Candidate& one : candidates_) {
      if (one.has_records && is_due(one, options_.records_for)) records[one.study].push_back(one.trial);
      if (has_files(one) && is_due(one, options_.files_for)) files[one.study].push_back(one.trial);
    }
    for (const auto& [study, trials] : records)
      forget(study, trials, {.records = true, .files = false, .reason = "older than --keep-records"});
    for (const auto& [study, trials] : files)
      forget(study, trials, {.records = false, .files = true, .reason = "older than --keep-files"});
  }

  void remove_by_size() {
    std::ranges::stable_sort(candidates_, {}, &Candidate::ended_at);
    std::uint64_t left = swept_.bytes_before - swept_.bytes_removed;
    std::map<StudyId, std::vector<TrialId>> files;
    for (const Candidate& one : candidates_) {
      if (left <= *options_.files_bytes) break;
      if (!has_files(one)) continue;
      left -= std::min(left, files_[one.study][one.trial].bytes);
      files[one.study].push_back(one.trial);
    }
    for (const auto& [study, trials] : files)
      forget(study, trials, {.records = false, .files = true, .reason = "beyond --keep-bytes"});
    if (left > *options_.files_bytes && !is_over())
      log::warning(
          fmt::format("retention: the files of trials have {} bytes, above the {} of --keep-bytes: what is left "
                      "is of trials that have not ended, or of the best",
                      left, *options_.files_bytes));
  }

  [[nodiscard]] bool has_files(const Candidate& one) const {
    const auto study = files_.find(one.study);
    return study != files_.end() && study->second.contains(one.trial);
  }

  void forget(const StudyId& study, const std::vector<TrialId>& trials, const tuner::Forgetting& what) {
    for (std::size_t begin = 0; begin < trials.size() && !is_over(); begin += kTrialsAtOnce) {
      const auto first = trials.begin() + static_cast<std::ptrdiff_t>(begin);
      const auto count = std::min(kTrialsAtOnce, trials.size() - begin);
      const Result<std::vector<TrialId>> done =
          services_.engine->forget(study, {first, first + static_cast<std::ptrdiff_t>(count)}, what);
      if (!done) {
        log::warning(fmt::format("retention: study {}: {}", study, done.error().message));
        return;
      }
      if (done->empty()) continue;
      std::uint64_t bytes = 0;
      if (what.files)
        for (const TrialId trial : *done) bytes += remove_files(study, trial);
      (what.files ? swept_.files_of_trials : swept_.records_of_trials) += static_cast<std::int64_t>(done->size());
      const std::string told =
          fmt::format("{} of {} trials, {}", what.files ? "files" : "records", done->size(), what.reason);
      log::info(fmt::format("retention: study {}: removed {}, {} bytes of files", study, told, bytes));
      if (services_.on_removed) services_.on_removed(study, what.files ? "files" : "records");
    }
  }

  std::uint64_t remove_files(const StudyId& study, TrialId trial) {
    const auto found = files_[study].find(trial);
    if (found == files_[study].end()) return 0;
    std::error_code error;
    for (const fs::path& path : found->second.paths) fs::remove(path, error);
    const std::uint64_t bytes = found->second.bytes;
    swept_.bytes_removed += bytes;
    files_[study].erase(found);
    return bytes;
  }

  const Retention::Services& services_;
  const RetentionOptions& options_;
  const std::stop_token& stop_;
  const MonotonicTime deadline_ = std::chrono::steady_clock::now() + Retention::kSweepTime;
  std::map<StudyId, std::map<TrialId, TrialFiles>> files_;
  std::vector<Candidate> candidates_;
  Swept swept_;
};

}  // namespace

Swept Retention::sweep(const Services& services, const RetentionOptions& options, const std::stop_token& stop) {
  return Sweep(services, options, stop).run();
}

Retention::Retention(Services services, const RetentionOptions& options)
    : services_(std::move(services)), options_(options) {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    while (!stop.stop_requested()) {
      const Swept swept = sweep(services_, options_, stop);
      if (services_.on_swept) services_.on_swept(swept);
      std::unique_lock lock(mutex);
      never.wait_for(lock, stop, options_.interval, [] { return false; });
    }
  });
}

}  // namespace krige::server
