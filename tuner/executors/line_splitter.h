// Cuts a stream of bytes into lines in bounded memory.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace krige::tuner {

// Not thread-safe.
class LineSplitter {
 public:
  using OnLine = std::function<void(std::string_view line)>;

  // A longer line is given as its first `limit_bytes` with a note behind them; the rest of it is dropped.
  explicit LineSplitter(std::size_t limit_bytes = std::size_t{1} << 20) : limit_(limit_bytes) {}

  // Calls `on_line` for every line that ends in `bytes`, without its end. The view is valid during the call.
  void feed(std::string_view bytes, const OnLine& on_line);
  // The last line, when it has no end.
  void finish(const OnLine& on_line);

 private:
  void add(std::string_view part);
  void deliver(const OnLine& on_line);

  std::size_t limit_;
  std::string line_;
  bool is_cut_ = false;
};

}  // namespace krige::tuner
