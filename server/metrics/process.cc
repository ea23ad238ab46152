#include "server/metrics/process.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/fd.h"

namespace krige::server {
namespace {

namespace fs = std::filesystem;

// Fields of /proc/PID/stat (proc(5)), counted from the state, which is the third.
constexpr std::size_t kParent = 1;
constexpr std::size_t kUserTicks = 11;
constexpr std::size_t kSystemTicks = 12;
constexpr std::size_t kThreads = 17;
constexpr std::size_t kStartTicks = 19;
constexpr std::size_t kResidentPages = 21;

std::vector<double> stat_of(const fs::path& process) {
  const std::string text = read_file((process / "stat").string()).value_or("");
  // The name before may hold spaces and brackets itself.
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream stream(text.substr(name_end + 1));
  std::string state;
  stream >> state;
  std::vector<double> fields{0};
  for (double value = 0; stream >> value;) fields.push_back(value);
  return fields.size() > kResidentPages && state != "Z" ? fields : std::vector<double>{};
}

double boot_seconds() {
  const std::string text = read_file("/proc/stat").value_or("");
  const auto at = text.find("\nbtime ");
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + 7, nullptr);
}

double count_entries(const fs::path& folder) {
  std::error_code error;
  double count = 0;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) ++count;
  return count;
}

double count_descendants() {
  std::multimap<int, int> children;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const int pid = std::atoi(entry->path().filename().c_str());
    if (pid <= 0) continue;
    const std::vector<double> fields = stat_of(entry->path());
    if (!fields.empty()) children.emplace(static_cast<int>(fields[kParent]), pid);
  }
  double found = 0;
  for (std::vector<int> open{::getpid()}; !open.empty();) {
    const auto [first, last] = children.equal_range(open.back());
    open.pop_back();
    for (auto child = first; child != last; ++child, ++found) open.push_back(child->second);
  }
  return found;
}

}  // namespace

ProcessFigures read_process_figures() {
  ProcessFigures figures;
  const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (const std::vector<double> fields = stat_of("/proc/self"); !fields.empty()) {
    figures.cpu_seconds = (fields[kUserTicks] + fields[kSystemTicks]) / ticks;
    figures.resident_bytes = fields[kResidentPages] * static_cast<double>(::sysconf(_SC_PAGESIZE));
    figures.threads = fields[kThreads];
    figures.start_seconds = boot_seconds() + fields[kStartTicks] / ticks;
  }
  figures.open_descriptors = count_entries("/proc/self/fd");
  figures.descendants = count_descendants();
  return figures;
}

}  // namespace krige::server
