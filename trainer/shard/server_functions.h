// Functions that workers call on a shard's keys by name (Li et al., OSDI 2014, section 3.5). Each call is applied
// exactly once, whatever is lost or comes twice on the way.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "trainer/floats.h"
#include "trainer/optimizers/optimizer.h"
#include "trainer/wire/messages.h"

namespace krige::trainer {

// Changes `weights`, the keys of the call, as `arguments` say; on an error it has changed nothing.
using ServerFunction = std::function<Status(std::span<float> weights, std::span<const float> arguments)>;

enum class CallOutcome {
  applied,
  duplicate,  // applied before: to be acknowledged again
};

// Not to be shared between threads.
class ServerFunctions {
 public:
  // Knows add (w += a), assign (w = a), both with an argument a key, and scale (w *= a) with one argument.
  explicit ServerFunctions(std::uint32_t workers);
  // already_exists: the name is taken.
  [[nodiscard]] Status add(std::string name, ServerFunction function);

  // Errors change nothing. not_found: no such function. unavailable: calls before this one have not come, send them
  // first. stale_token: a later incarnation of the worker has called. invalid_argument: a worker or keys that are not
  // the shard's, or arguments that the function does not take.
  [[nodiscard]] Result<CallOutcome> call(const Call& call, std::span<float> weights);

 private:
  struct Caller {
    std::uint32_t incarnation = 0;
    std::uint64_t next = 0;
  };
  std::map<std::string, ServerFunction, std::less<>> functions_;
  std::vector<Caller> callers_;  // by worker
};

// One step of the optimizer with learning rate `rate`, which must outlive the function, with the arguments as the
// gradient; `keys` are its keys and those of every call.
[[nodiscard]] ServerFunction function_of(Optimizer& optimizer, double rate, std::size_t keys);

}  // namespace krige::trainer
