// Keeps a store to one process at a time.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"
#include "base/fd.h"

namespace krige::tuner {

// A flock on the file STORE.lock, which also names the owner's pid for the error of others. The kernel releases it when
// the owner ends, however it ends, so a file left behind is no obstacle; it is never removed, or two processes could
// hold two files of one name. Close-on-exec: the programs that the owner starts do not hold it.
class StoreLock {
 public:
  // Never waits. conflict when another holder exists, in this process or another; io.
  [[nodiscard]] static Result<StoreLock> acquire(const std::string& store);

 private:
  explicit StoreLock(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};

}  // namespace krige::tuner
