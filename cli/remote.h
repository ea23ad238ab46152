// The commands that talk to a running service. As in commands.h, each returns the exit code. A study is named by its
// id, by the beginning of its id, or by its name where only one has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/service.h"

namespace krige::cli {

struct RemoteOptions {
  ServiceOptions service;
  bool json = false;
  std::vector<std::string> studies;  // one, but for pause, resume, stop and delete
  std::int64_t trial = 0;

  std::string file;                  // create, import
  std::string name;                  // create, import, clone: instead of the file's
  std::vector<std::string> states;   // list: only these
  std::int64_t limit = 0;            // list: at most so many; 0: all
  bool yes = false;                  // delete without asking
  std::optional<std::int64_t> seed;  // clone
  std::optional<std::int64_t> max_trials;
  bool warm_start = false;
  bool csv = false;  // export
  bool html = false;
  std::string optuna;        // export: a file of Optuna's to add to; import: which study of such a file
  std::string output;        // export: a file instead of standard output
  std::int64_t attempt = 0;  // logs: 0 is the last
  bool follow = false;       // logs: until the attempt ends
};

int study_list(const RemoteOptions& options);
int study_show(const RemoteOptions& options);
int study_create(const RemoteOptions& options);
// Prints trials as they end, until the study ends: 0 it completed or was stopped, 1 it failed.
int study_watch(const RemoteOptions& options);
int study_pause(const RemoteOptions& options);
int study_resume(const RemoteOptions& options);
int study_stop(const RemoteOptions& options);
int study_delete(const RemoteOptions& options);
int study_clone(const RemoteOptions& options);
int study_export(const RemoteOptions& options);
// What study_export or `krige sweep --json` wrote, as a new study that is paused.
int study_import(const RemoteOptions& options);

int trial_list(const RemoteOptions& options);
int trial_show(const RemoteOptions& options);
int trial_retry(const RemoteOptions& options);
// It ends with what it has reached.
int trial_stop(const RemoteOptions& options);
int trial_logs(const RemoteOptions& options);

// What they share. The study's JSON.
[[nodiscard]] Result<OrderedJson> find_study(Service& service, const std::string& wanted);
[[nodiscard]] std::string study_path(const OrderedJson& study);

}  // namespace krige::cli
