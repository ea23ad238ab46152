// Lines to a descriptor whose reader may be slow: what it does not take now waits here, so that the process still hears
// signals.
#pragma once

#include <string>

#include "base/error.h"

namespace krige::trainer {

class LineWriter {
 public:
  explicit LineWriter(int fd) : fd_(fd) {}
  // Adds `line` and a newline, and writes what the reader takes without waiting. io: the reader has gone.
  [[nodiscard]] Status put(std::string_view line);
  [[nodiscard]] Status flush();
  [[nodiscard]] bool empty() const { return waiting_.empty(); }

 private:
  int fd_;
  std::string waiting_;
};

}  // namespace krige::trainer
