// Computations that must not take a core from whoever waits for an answer.
#pragma once

#include <future>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

namespace krige {

// The calling thread runs when others leave it time, from now on: only the system's administrator could take it back.
// It must hold no lock that others wait for.
void lower_priority();

// Calls `compute` on a thread of low priority of its own and waits for its result, or what it throws; on this one where
// none can be started.
template <typename Compute>
std::invoke_result_t<Compute> at_low_priority(Compute compute) {
  std::packaged_task<std::invoke_result_t<Compute>()> task(std::move(compute));
  auto result = task.get_future();
  try {
    std::jthread([&] {
      lower_priority();
      task();
    }).join();
  } catch (const std::system_error&) {
    task();
  }
  return result.get();
}

}  // namespace krige
