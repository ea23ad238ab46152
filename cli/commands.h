// The commands of `krige`. Each takes its options as values (main.cc parses the flags) and returns the exit code:
// 0 done, 1 failed, 2 wrong usage or bad file, 130 interrupted. Results go to standard output, everything else to
// standard error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace krige::cli {

struct ServeOptions {
  std::string listen = "127.0.0.1:8080";
  std::string data_dir;   // empty: $XDG_DATA_HOME/krige
  std::string data_root;  // empty: the working directory
  std::vector<std::string> allowed_hosts;
  bool auth = true;
  std::string tls_certificate;
  std::string tls_key;
  bool insecure_http = false;
  double rate_limit = 1000;  // requests a second of each token; 0: none
  std::vector<std::string> allowed_programs;
  std::optional<Millis> lease;  // of trials that workers outside hold; empty: the engine's
  std::vector<std::string> webhooks;
  std::string webhook_authorities;  // PEM file; empty: the system's
  // Of trials that have ended; see RetentionOptions.
  std::optional<Millis> keep_files;
  std::optional<Millis> keep_records;
  std::optional<std::uint64_t> keep_bytes;
  std::int64_t keep_best = 10;
  std::string log = "text";  // or json
};
int serve(const ServeOptions& options);

struct TokenOptions {
  std::string data_dir;  // as in ServeOptions
  std::string name;
  std::string role = "operator";
  bool json = false;
};
int token_create(const TokenOptions& options);
int token_list(const TokenOptions& options);
int token_revoke(const TokenOptions& options);

struct SweepOptions {
  std::string file;
  std::string store;  // empty: in memory
  bool json = false;
  std::optional<std::int64_t> parallel;  // instead of the file's budget
  std::optional<std::int64_t> max_trials;
  std::optional<double> until;  // instead of the file's metric.target; 1 when it is not reached
  std::string csv;              // a file for the trials
  std::string html;             // a file for the report
  bool dry_run = false;         // shows the first points and starts nothing
};
// 1 also when no trial was completed.
int sweep(const SweepOptions& options);

struct TrainOptions {
  std::string file;
  std::string model;       // empty: not kept
  std::string checkpoint;  // empty: none
  std::int64_t checkpoint_every = 1;
  bool resume = false;
  bool json = false;
  bool compare_modes = false;
  double straggler = 0;  // seconds that one worker takes longer over a minibatch
};
int train(const TrainOptions& options);

struct PredictOptions {
  std::string model;
  std::string file;
  std::string output;  // empty: standard output
  bool probabilities = false;
  bool json = false;
};
int predict(const PredictOptions& options);

struct EvaluateOptions {
  std::string model;
  std::string file;
  bool json = false;
};
int evaluate(const EvaluateOptions& options);

struct ValidateOptions {
  std::string file;
  bool json = false;
  bool explain = false;
};
int validate(const ValidateOptions& options);

struct AskTellOptions {
  std::string file;  // "-": the first line of standard input is the study
};
int ask_tell(const AskTellOptions& options);

struct ReportOptions {
  std::vector<std::string> metrics;  // name=number
  std::optional<std::int64_t> step;  // none: the one behind the last
};
int report_metrics(const ReportOptions& options);

// Prints the JSON Schema of the study file.
int schema();

struct BackupOptions {
  std::string file;      // the copy
  std::string data_dir;  // as of serve
};
int backup(const BackupOptions& options);

struct VersionOptions {
  bool verbose = false;  // with what krige-trainer says of itself
};
int version(const VersionOptions& options);
[[nodiscard]] std::string version_line();

}  // namespace krige::cli
