// What attempts print: the files that the executor writes.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "base/log.h"
#include "server/routes/input.h"
#include "server/routes/routes.h"
#include "tuner/executors/attempt_log.h"

namespace krige::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
constexpr std::size_t kTailBytes = std::size_t{64} << 10;
constexpr std::uint64_t kLastOffset = std::uint64_t{1} << 62;

// not_found when the trial has no such attempt.
Result<AttemptId> attempt_id(const Call& call, const tuner::Trial& trial) {
  const std::string& text = call["attempt"];
  AttemptId id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  if (is_number && std::ranges::find(trial.attempts, id, &tuner::Attempt::id) != trial.attempts.end()) return id;
  return fail(ErrorCode::not_found, fmt::format("the trial has no attempt {}", text));
}

Result<Reply> show(Api& api, const Call& call) {
  QueryReader query(call.request);
  const bool from_offset = !query.text("offset").empty();
  const std::uint64_t offset = query.number("offset", 0, kLastOffset, 0);
  const std::size_t tail = query.number("tail", 0, kMaxBytes, kTailBytes);
  if (from_offset && !query.text("tail").empty()) query.fault("tail", "cannot be given with offset");
  KRIGE_CHECK(query.finish());
  KRIGE_TRY(const TrialId trial, trial_id(call));
  KRIGE_TRY(const tuner::TrialDetail detail, api.engine.trial(call["study"], trial));
  KRIGE_TRY(const AttemptId attempt, attempt_id(call, detail.trial));
  if (const auto& removed = detail.trial.files_removed_at)
    return fail(ErrorCode::not_found,
                fmt::format("what trial {} printed was removed on {}: this service keeps such files "
                            "for a time only",
                            trial, to_rfc3339(*removed)));
  const std::string path =
      tuner::attempt_log_path(attempt_logs_of(api.options.data_dir), {call["study"], trial, attempt});
  KRIGE_TRY(tuner::LogPart part,
            from_offset ? tuner::read_log(path, offset, kMaxBytes) : tuner::read_log_tail(path, tail));
  Reply reply;
  reply.content_type = "text/plain; charset=utf-8";
  reply.headers = {{"Cache-Control", "no-store"},
                   {"X-Log-Offset", std::to_string(part.offset)},
                   {"X-Log-Size", std::to_string(part.size)}};
  reply.body = std::move(part.text);
  return reply;
}

}  // namespace

std::string attempt_logs_of(const std::string& data_dir) { return data_dir.empty() ? "" : data_dir + "/logs"; }

void forget_logs(const Api& api, const StudyId& study) {
  if (api.options.data_dir.empty()) return;
  std::error_code error;
  fs::remove_all(fs::path(attempt_logs_of(api.options.data_dir)) / study, error);
  if (error) log::warning(fmt::format("the logs of study {} are left behind: {}", study, error.message()));
}

void forget_logs_of_deleted_studies(const Api& api) {
  if (api.options.data_dir.empty()) return;
  std::set<std::string> known;
  for (const tuner::StudyView& study : api.engine.studies()) known.insert(study.row.id);
  std::error_code error;
  std::vector<StudyId> left;
  for (fs::directory_iterator entry(attempt_logs_of(api.options.data_dir), error), end; !error && entry != end;
       entry.increment(error))
    if (!known.contains(entry->path().filename().string())) left.push_back(entry->path().filename().string());
  for (const StudyId& study : left) forget_logs(api, study);
}

void add_logs(Router& router, Api& api) {
  forget_logs_of_deleted_studies(api);
  router.add("GET", "/api/v1/studies/{study}/trials/{trial}/attempts/{attempt}/logs",
             [&api](const Call& call) { return show(api, call); });
}

}  // namespace krige::server
