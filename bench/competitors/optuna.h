// Optuna as Debian has it (python3-optuna), in a child process that speaks lines of JSON: bench/peer_optuna.py.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/json.h"
#include "bench/competitors/competitor.h"

namespace krige::bench {

// The child: killed and reaped with its owner.
class OptunaProcess {
 public:
  // Started and with Optuna loaded. Errors: unavailable without python3 or optuna; io.
  [[nodiscard]] static Result<OptunaProcess> start();
  OptunaProcess(OptunaProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        channel_(std::move(other.channel_)),
        received_(std::move(other.received_)) {}
  OptunaProcess& operator=(OptunaProcess&&) = delete;
  ~OptunaProcess();

  // Errors: process_failed, when it has ended; timeout, when it does not answer; of parse_json(), when it says no JSON.
  [[nodiscard]] Status send(const OrderedJson& message);
  [[nodiscard]] Result<OrderedJson> receive();

 private:
  OptunaProcess(pid_t pid, UniqueFd channel) : pid_(pid), channel_(std::move(channel)) {}

  pid_t pid_;
  UniqueFd channel_;  // its standard input and output
  std::string received_;
};

// What it is told of a trial: so many objectives, which it minimizes, and constraints, which must not be above 0.
struct OptunaOutcomes {
  std::size_t objectives = 1;
  std::size_t constraints = 0;
};

// `sampler`: tpe, nsga2 or cmaes, with Optuna's own settings. `space` must outlive it. Errors: of start(); unsupported,
// for a normal scale.
[[nodiscard]] Result<std::unique_ptr<Competitor>> make_optuna(std::string_view sampler, const tuner::Space& space,
                                                              std::uint64_t seed, const OptunaOutcomes& outcomes = {});

}  // namespace krige::bench
