// Any store, with the time that its calls take.
#pragma once

#include <memory>

#include "base/latency_histogram.h"
#include "tuner/storage/storage.h"

namespace krige::tuner {

struct StoreTimes {
  LatencyHistogram writes;  // until they are durable
  LatencyHistogram reads;
};

// `times` must outlive the store. Calls that fail count too.
[[nodiscard]] std::unique_ptr<Storage> make_timed_storage(std::unique_ptr<Storage> storage, StoreTimes& times);

}  // namespace krige::tuner
