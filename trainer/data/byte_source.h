// The bytes of a file, unpacked if it is gzip, xz or zstd: told by its first bytes, not by its name.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"

namespace krige::trainer {

// What tells that a file is the one it was, without reading it. Times in ns since 1970.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified = 0, changed = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};
// not_found, io: it cannot be looked at. invalid_argument: a directory.
[[nodiscard]] Result<FileIdentity> identity_of(const std::string& path);

// XXH3 of a file's bytes, as 16 hexadecimal digits.
[[nodiscard]] Result<std::string> content_hash_of(const std::string& path);

// One thread at a time.
class ByteSource {
 public:
  // not_found, io: it cannot be opened. invalid_argument: a directory.
  [[nodiscard]] static Result<ByteSource> open(const std::string& path);
  ByteSource(ByteSource&&) noexcept;
  ByteSource& operator=(ByteSource&&) noexcept;
  ~ByteSource();

  // Fills `into` as far as there are bytes; fewer only at the end. corrupt: the packed stream is damaged or ends early.
  [[nodiscard]] Result<std::size_t> read(std::span<char> into);
  [[nodiscard]] bool compressed() const;
  // When it was opened.
  [[nodiscard]] const FileIdentity& identity() const;
  // Once read to its end: XXH3 of the file's own bytes. conflict: the file has been changed since it was opened.
  [[nodiscard]] Result<std::string> content_hash();

 private:
  struct State;
  explicit ByteSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace krige::trainer
