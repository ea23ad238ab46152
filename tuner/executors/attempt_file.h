// A file that one attempt reads, and that goes with it.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace krige::tuner {

class AttemptFile {
 public:
  // Readable for its owner only. Where there is something of that name already it is an error, so that nobody else's
  // file is written to.
  static Result<AttemptFile> make(std::string path, std::string_view content);
  AttemptFile(AttemptFile&& other) noexcept;
  AttemptFile& operator=(AttemptFile&&) = delete;
  ~AttemptFile();

 private:
  explicit AttemptFile(std::string path) : path_(std::move(path)) {}
  std::string path_;  // empty: moved from
};

}  // namespace krige::tuner
