#include "tuner/executors/line_splitter.h"

#include <fmt/format.h>

namespace krige::tuner {

void LineSplitter::feed(std::string_view bytes, const OnLine& on_line) {
  while (true) {
    const std::size_t end = bytes.find('\n');
    add(bytes.substr(0, end));
    if (end == std::string_view::npos) return;
    deliver(on_line);
    bytes.remove_prefix(end + 1);
  }
}

void LineSplitter::finish(const OnLine& on_line) {
  if (!line_.empty()) deliver(on_line);
}

void LineSplitter::add(std::string_view part) {
  const std::size_t room = limit_ - line_.size();
  is_cut_ = is_cut_ || part.size() > room;
  line_.append(part.substr(0, room));
}

void LineSplitter::deliver(const OnLine& on_line) {
  if (is_cut_) line_ += fmt::format(" [cut: the line is longer than {} bytes]", limit_);
  on_line(line_);
  line_.clear();
  line_.shrink_to_fit();
  is_cut_ = false;
}

}  // namespace krige::tuner
