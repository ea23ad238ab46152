// What a trial's own program reports, from any language that can start a process.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "cli/commands.h"
#include "cli/terminal.h"

namespace krige::cli {
namespace {

// accuracy=0.9; nan and inf are numbers here.
Result<std::pair<std::string, double>> read_metric(const std::string& word) {
  const auto equals = word.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == word.size())
    return fail(ErrorCode::invalid_argument, "must be NAME=NUMBER, as accuracy=0.9", word);
  const std::string number = word.substr(equals + 1);
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  if (*end != '\0') return fail(ErrorCode::invalid_argument, fmt::format("{} is not a number", number), word);
  return std::pair(word.substr(0, equals), value);
}

Result<std::string> record_line(const ReportOptions& options) {
  OrderedJson record = OrderedJson::object();
  if (options.step) record["step"] = *options.step;
  for (const std::string& word : options.metrics) {
    KRIGE_TRY(const auto metric, read_metric(word));
    if (metric.first == "step") return fail(ErrorCode::invalid_argument, "is given by --step", word);
    record[metric.first] = number_to_json(metric.second);
  }
  return dump(record) + "\n";
}

Status append(const char* path, const std::string& line) {
  const UniqueFd file(::open(path, O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!file) return fail_errno(errno, fmt::format("cannot open {}", path));
  // One write: lines of processes that report at the same time stay whole.
  if (::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return fail_errno(errno, fmt::format("cannot write to {}", path));
  return {};
}

}  // namespace

int report_metrics(const ReportOptions& options) {
  const char* path = std::getenv("KRIGE_REPORT");
  if (path == nullptr || *path == '\0') {
    return report({ErrorCode::invalid_argument,
                   "is not set: krige report is for programs that krige started as trials",
                   "$KRIGE_REPORT",
                   {}});
  }
  const Result<std::string> line = record_line(options);
  if (!line) return report(line.error());
  const Status written = append(path, *line);
  return written ? 0 : report(written.error());
}

}  // namespace krige::cli
