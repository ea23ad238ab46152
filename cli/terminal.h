// What commands say to people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "tuner/study/engine.h"

namespace krige::cli {

// "krige: <what>: <error>" on standard error, every fault on a line of its own; the exit code.
int report(const Error& error, std::string_view what = {});

void print_line(std::string_view line);  // standard output, flushed
void note(std::string_view line);        // standard error

// `option` is the field of the error.
[[nodiscard]] Status write_output(const std::string& path, std::string_view content, const char* option);

// Four significant digits: 0.9833, 1.25e-05.
[[nodiscard]] std::string short_number(double value);
// 1h02m, 3m20s, 12s.
[[nodiscard]] std::string short_duration(Millis duration);
// learning_rate  0.0123, one parameter a line, aligned.
[[nodiscard]] std::string parameter_table(const tuner::Params& params);
// Columns as wide as their widest cell, two spaces apart; the last row without a newline.
[[nodiscard]] std::string text_table(const std::vector<std::vector<std::string>>& rows);

// A progress line: rewritten in place on a terminal, a plain line when something was finished otherwise.
class Progress {
 public:
  explicit Progress(std::int64_t max_trials);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const tuner::StudyView& study, Millis elapsed);
  // A line of its own, above the progress line on a terminal.
  void line(std::string_view text);

 private:
  std::int64_t max_trials_;  // 0: unknown
  bool terminal_;
  bool shown_ = false;
};

// The progress of one training, rewritten in place; nothing where standard error is no terminal.
class EpochBar {
 public:
  explicit EpochBar(std::int64_t epochs);
  // `record` as the trainer writes it.
  void show(const OrderedJson& record);
  // Leaves the line empty.
  void clear();

 private:
  std::int64_t epochs_;
  bool terminal_;
  bool shown_ = false;
};

}  // namespace krige::cli
