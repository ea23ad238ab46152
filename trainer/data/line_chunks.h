// A text in chunks of whole lines, so that several threads can parse it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "trainer/data/byte_source.h"

namespace krige::trainer {

struct TextChunk {
  std::uint64_t index = 0;
  std::vector<char> bytes;  // at least one line; the last character is \n, also where the file has none at its end
  [[nodiscard]] std::string_view text() const { return {bytes.data(), bytes.size()}; }
};

// One thread at a time.
class LineChunks {
 public:
  static constexpr std::size_t kChunkBytes = std::size_t{1} << 19;
  static constexpr std::size_t kMaxLineBytes = std::size_t{4} << 20;

  explicit LineChunks(ByteSource source) : source_(std::move(source)) {}

  // The next chunk into `chunk`, false at the end. A mark of the byte order at the beginning is left out. Errors of the
  // source; payload_too_large: the line behind those given out is longer than kMaxLineBytes.
  [[nodiscard]] Result<bool> next(TextChunk& chunk);
  // The chunk is given out once more by next(): the first one serves to tell what the columns are.
  void put_back(TextChunk chunk);
  [[nodiscard]] ByteSource& source() { return source_; }

 private:
  Status fill(std::vector<char>& bytes, std::size_t more);

  ByteSource source_;
  std::vector<char> rest_;  // begins the next chunk: the part of a line
  std::vector<char> again_;
  std::uint64_t next_index_ = 0;
  bool at_end_ = false;
};

}  // namespace krige::trainer
