#include "trainer/data/line_chunks.h"

#include <fmt/format.h>
#include <string.h>

#include <utility>

namespace krige::trainer {

Status LineChunks::fill(std::vector<char>& bytes, std::size_t more) {
  const std::size_t old = bytes.size();
  bytes.resize(old + more);
  KRIGE_TRY(const std::size_t got, source_.read(std::span(bytes).subspan(old)));
  bytes.resize(old + got);
  at_end_ = got < more;
  return {};
}

Result<bool> LineChunks::next(TextChunk& chunk) {
  chunk.index = next_index_++;
  if (!again_.empty()) {
    chunk.bytes = std::exchange(again_, {});
    return true;
  }
  std::vector<char>& bytes = chunk.bytes;
  bytes.assign(rest_.begin(), rest_.end());
  rest_.clear();
  const char* end = nullptr;
  while (end == nullptr && !at_end_) {
    if (bytes.size() > kMaxLineBytes)
      return fail(ErrorCode::payload_too_large, fmt::format("the line is longer than {} bytes", kMaxLineBytes));
    KRIGE_CHECK(fill(bytes, kChunkBytes));
    end = static_cast<const char*>(::memrchr(bytes.data(), '\n', bytes.size()));
  }
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (chunk.index == 0 && chunk.text().starts_with(kByteOrderMark))
    bytes.erase(bytes.begin(), bytes.begin() + kByteOrderMark.size());
  if (at_end_) {
    if (!bytes.empty() && bytes.back() != '\n') bytes.push_back('\n');
    return !bytes.empty();
  }
  end = static_cast<const char*>(::memrchr(bytes.data(), '\n', bytes.size()));
  const std::size_t size = static_cast<std::size_t>(end - bytes.data()) + 1;
  rest_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end());
  bytes.resize(size);
  return true;
}

void LineChunks::put_back(TextChunk chunk) {
  next_index_ = chunk.index;
  again_ = std::move(chunk.bytes);
}

}  // namespace krige::trainer
