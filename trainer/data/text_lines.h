// Lines of a text file, plain or .gz, without reading it whole.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace krige::trainer {

class TextLines {
 public:
  // not_found, io: the file cannot be opened.
  [[nodiscard]] static Result<TextLines> open(const std::string& path);

  // The next line without its end (\n or \r\n), nothing at the end of the file; a view until the next call. corrupt:
  // the compressed stream is damaged or ends early. invalid_argument: a line longer than 16 MiB.
  [[nodiscard]] Result<std::optional<std::string_view>> next();
  // Of the line that next() gave last, from 1.
  [[nodiscard]] std::size_t number() const { return number_; }

 private:
  struct Close {
    void operator()(void* file) const;
  };
  TextLines(std::string path, void* file) : path_(std::move(path)), file_(file) {}
  Status fill();

  std::string path_;
  std::unique_ptr<void, Close> file_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::size_t number_ = 0;
  bool at_end_ = false;
};

}  // namespace krige::trainer
