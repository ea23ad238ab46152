// What fuzz tests share: rounds with a seed each, and input that is nearly right. A round is made from its seed alone,
// so that KRIGE_FUZZ_SEED=N KRIGE_FUZZ_ROUNDS=1 shows again what round N found.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/rng.h"

namespace krige::fuzz {

// The number of rounds is `rounds` unless KRIGE_FUZZ_ROUNDS or, for the soak, KRIGE_FUZZ_SECONDS say otherwise. A round
// that takes longer than kDeadline, or after which the process has grown beyond kMaxResidentBytes, ends the process.
// For rounds that crash, the seed is in a file named krige-fuzz-NAME of the folder for temporary files.
class Rounds {
 public:
  static constexpr std::chrono::seconds kDeadline{60};
  static constexpr std::uint64_t kMaxResidentBytes = std::uint64_t{3} << 30;  // AddressSanitizer's own memory is in it

  Rounds(std::string name, std::uint64_t rounds);
  // Says how many there were.
  ~Rounds();
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;

  // Begins the next round, if there is to be one.
  [[nodiscard]] bool next();
  [[nodiscard]] std::uint64_t seed() const { return seed_; }

 private:
  void watch(const std::stop_token& stop);

  const std::string name_;
  const std::filesystem::path seed_file_;
  const std::uint64_t first_;
  std::uint64_t count_;  // 0: until end_
  const MonotonicTime begin_;
  const MonotonicTime end_;
  std::uint64_t seed_ = 0;
  std::uint64_t done_ = 0;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  MonotonicTime deadline_;  // of the round; guarded
  std::jthread watch_;      // last: it uses all of the above
};

// The text with a few bytes changed, left out, repeated, or `tokens` put in.
[[nodiscard]] std::string mutated(std::string text, std::span<const std::string_view> tokens, Rng& rng);
// The value with a few of its parts replaced, left out, renamed or put in; what comes in is of the `donors`, or nasty.
[[nodiscard]] OrderedJson mutated(OrderedJson value, std::span<const OrderedJson> donors, Rng& rng);
// What parsers, ranges and arithmetic break at.
[[nodiscard]] OrderedJson nasty_value(Rng& rng);

template <typename T>
const T& one_of(std::span<const T> items, Rng& rng) {
  return items[rng.below(items.size())];
}
template <typename T>
const T& one_of(const std::vector<T>& items, Rng& rng) {
  return items[rng.below(items.size())];
}

}  // namespace krige::fuzz
