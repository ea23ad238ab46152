#include "cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

namespace krige::cli {
namespace {

constexpr int kBarWidth = 24;

std::int64_t finished(const tuner::StudyView& study) {
  std::int64_t count = 0;
  for (const auto& [state, n] : study.trial_counts)
    if (tuner::counts_towards_budget(state)) count += n;
  return count;
}

std::string bar(double share) {
  const int filled = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * kBarWidth));
  std::string text = "[";
  for (int i = 0; i < kBarWidth; ++i) text += i < filled ? "█" : "·";
  return text + "]";
}

// Characters, not bytes: names may be of any language.
std::size_t shown_width(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

int report(const Error& error, std::string_view what) {
  const std::string text = error.describe();
  if (what.empty() || text.find(what) != std::string::npos)
    fmt::print(stderr, "krige: {}\n", text);
  else
    fmt::print(stderr, "krige: {}:{}{}\n", what, text.find('\n') == std::string::npos ? " " : "\n", text);
  return exit_code(error.code);
}

void print_line(std::string_view line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

Status write_output(const std::string& path, std::string_view content, const char* option) {
  std::ofstream file(path, std::ios::binary);
  file << content << std::flush;
  if (!file) return fail(ErrorCode::io, "cannot write " + path, option);
  return {};
}

void note(std::string_view line) { fmt::print(stderr, "{}\n", line); }

std::string short_number(double value) { return fmt::format("{:.4g}", value); }

std::string short_duration(Millis duration) {
  const auto seconds = std::chrono::round<std::chrono::seconds>(duration).count();
  if (seconds >= 3600) return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
  if (seconds >= 60) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}s", seconds);
}

std::string parameter_table(const tuner::Params& params) {
  std::size_t width = 0;
  for (const auto& [name, value] : params) width = std::max(width, name.size());
  std::string table;
  for (const auto& [name, value] : params) table += fmt::format("  {:<{}}  {}\n", name, width, tuner::to_string(value));
  return table;
}

std::string text_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], shown_width(row[i]));
  }
  std::string table;
  for (const auto& row : rows) {
    if (!table.empty()) table += '\n';
    for (std::size_t i = 0; i < row.size(); ++i)
      table += i + 1 < row.size() ? row[i] + std::string(widths[i] - shown_width(row[i]) + 2, ' ') : row[i];
  }
  return table;
}

Progress::Progress(std::int64_t max_trials) : max_trials_(max_trials), terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (terminal_ && shown_) fmt::print(stderr, "\n");
}

void Progress::show(const tuner::StudyView& study, Millis elapsed) {
  if (!terminal_) return;
  const std::int64_t done = finished(study);
  std::string text = max_trials_ > 0
                         ? fmt::format("{} {}/{}", bar(static_cast<double>(done) / static_cast<double>(max_trials_)),
                                       done, max_trials_)
                         : fmt::format("{} trials", done);
  if (study.best) text += fmt::format("  best {} (trial {})", short_number(study.best->value), study.best->trial);
  if (!study.optimal.empty()) text += fmt::format("  {} unbeaten", study.optimal.size());
  if (max_trials_ > done && done > 0)
    text += fmt::format("  {} left", short_duration(elapsed * (max_trials_ - done) / done));
  fmt::print(stderr, "\r\x1b[K{}", text);
  std::fflush(stderr);
  shown_ = true;
}

void Progress::line(std::string_view text) {
  fmt::print(stderr, "{}{}\n", terminal_ && shown_ ? "\r\x1b[K" : "", text);
}

EpochBar::EpochBar(std::int64_t epochs) : epochs_(epochs), terminal_(::isatty(STDERR_FILENO) == 1) {}

void EpochBar::show(const OrderedJson& record) {
  if (!terminal_) return;
  const auto number = [&](const char* name) {
    const auto found = record.find(name);
    return found != record.end() && found->is_number() ? found->get<double>() : 0.0;
  };
  const double epoch = number("epoch");
  const auto epochs = static_cast<double>(epochs_);
  std::string text = fmt::format("{} {}/{}  loss {}  {:.3g} examples/s", bar(epoch / epochs), epoch, epochs_,
                                 short_number(number(record.contains("train_loss") ? "train_loss" : "validation_loss")),
                                 number("examples_per_second"));
  if (epoch > 0 && epoch < epochs)
    text += fmt::format(
        "  {} left", short_duration(Millis(std::llround(number("elapsed_seconds") * 1000 * (epochs - epoch) / epoch))));
  fmt::print(stderr, "\r\x1b[K{}", text);
  std::fflush(stderr);
  shown_ = true;
}

void EpochBar::clear() {
  if (std::exchange(shown_, false)) fmt::print(stderr, "\r\x1b[K");
}

}  // namespace krige::cli
