#include "base/log.h"

#include <unistd.h>

namespace krige::log {
namespace {

Sink& sink() {
  static Sink installed;
  return installed;
}

std::string_view name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "?";
}

}  // namespace

void set_sink(Sink installed) { sink() = std::move(installed); }

void write(Level level, std::string_view message) {
  if (sink()) return sink()(level, message);
  if (level == Level::debug) return;
  const std::string line = std::string(name(level)) + ": " + std::string(message) + "\n";
  // One write a line, so that lines of several processes do not mix; there is nowhere to report a failure to.
  [[maybe_unused]] const ssize_t put = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace krige::log
