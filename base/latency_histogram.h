// How long something takes, counted by classes of duration.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace krige {

// Thread-safe, without locks.
class LatencyHistogram {
 public:
  // Upper bounds, seconds; a last class has none.
  static constexpr std::array<double, 12> kBounds{0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                  0.025,  0.05,   0.1,   0.25,   1,     5};

  void observe(double seconds) {
    std::size_t index = 0;
    while (index < kBounds.size() && seconds > kBounds[index]) ++index;
    counts_[index].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(seconds, std::memory_order_relaxed);
  }

  struct Snapshot {
    std::array<std::uint64_t, kBounds.size() + 1> counts{};  // of each class, not cumulative
    double sum = 0;                                          // seconds
  };
  [[nodiscard]] Snapshot read() const {
    Snapshot snapshot;
    for (std::size_t i = 0; i < counts_.size(); ++i) snapshot.counts[i] = counts_[i].load(std::memory_order_relaxed);
    snapshot.sum = sum_.load(std::memory_order_relaxed);
    return snapshot;
  }

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<double> sum_ = 0;
};

}  // namespace krige
