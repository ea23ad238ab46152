// Writing values to bytes and reading them back strictly.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"

namespace krige::trainer {

class ByteWriter {
 public:
  template <typename T>
  requires std::is_arithmetic_v<T>
  void put(T value) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof value);
  }
  void put(std::string_view text) {
    put(static_cast<std::uint64_t>(text.size()));
    const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
    bytes_.insert(bytes_.end(), bytes, bytes + text.size());
  }
  // Their number and then the numbers.
  void put(std::span<const double> values) {
    put(static_cast<std::uint64_t>(values.size()));
    const auto bytes = std::as_bytes(values);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  // Zeros up to a multiple of 8, so that floats behind it are aligned.
  void align() { bytes_.resize((bytes_.size() + 7) / 8 * 8); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// Reads in the order of writing. The first read beyond the end makes everything after it read as zero; finish() tells.
class ByteReader {
 public:
  // `bytes` begins at a multiple of 8. `body`, if there is one, is what floats() gives, instead of the rest of `bytes`.
  // Both outlive what floats() gives.
  explicit ByteReader(std::span<const std::byte> bytes, std::span<const std::byte> body = {})
      : bytes_(bytes), body_(body) {}

  template <typename T>
  requires std::is_arithmetic_v<T> T get() {
    T value{};
    if (const auto* from = take(sizeof value)) std::memcpy(&value, from, sizeof value);
    return value;
  }
  std::string text() {
    const auto size = get<std::uint64_t>();
    const auto* from = take(size);
    return from == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(from), size);
  }
  // A number of things of `bytes_each` that follow: never more than the bytes left can hold.
  std::uint64_t count(std::size_t bytes_each) {
    const auto n = get<std::uint64_t>();
    if (n <= left() / bytes_each) return n;
    failed_ = true;
    return 0;
  }
  std::vector<double> doubles() {
    std::vector<double> values(count(sizeof(double)));
    if (const auto* from = take(values.size() * sizeof(double)); from != nullptr && !values.empty())
      std::memcpy(values.data(), from, values.size() * sizeof(double));
    return values;
  }
  void align() { take((8 - at_ % 8) % 8); }
  // All that is left, as f32.
  std::span<const float> floats() {
    if (!body_.empty()) return floats_of(std::exchange(body_, {}));
    const std::size_t size = left();
    if (failed_ || size % sizeof(float) != 0 || at_ % alignof(float) != 0) {
      failed_ = true;
      return {};
    }
    return {reinterpret_cast<const float*>(take(size)), size / sizeof(float)};
  }
  // corrupt: too short, or something is left.
  [[nodiscard]] Status finish() const {
    if (failed_ || left() > 0 || !body_.empty())
      return fail(ErrorCode::corrupt, "a message is not as long as its contents");
    return {};
  }

 private:
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
  const std::byte* take(std::size_t size) {
    if (failed_ || size > left()) {
      failed_ = true;
      return nullptr;
    }
    const std::byte* from = bytes_.data() + at_;
    at_ += size;
    return from;
  }

  std::span<const float> floats_of(std::span<const std::byte> body) {
    if (failed_ || left() > 0 || body.size() % sizeof(float) != 0) {
      failed_ = true;
      return {};
    }
    return {reinterpret_cast<const float*>(body.data()), body.size() / sizeof(float)};
  }

  std::span<const std::byte> bytes_;
  std::span<const std::byte> body_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace krige::trainer
