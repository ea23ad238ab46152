#include "trainer/shard/server_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace krige::trainer {
namespace {

Status expect_arguments(std::span<const float> arguments, std::size_t count) {
  if (arguments.size() == count) return {};
  return fail(ErrorCode::invalid_argument, fmt::format("takes {} arguments, not {}", count, arguments.size()));
}

Status add_each(std::span<float> weights, std::span<const float> arguments) {
  KRIGE_CHECK(expect_arguments(arguments, weights.size()));
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] += arguments[i];
  return {};
}

Status assign(std::span<float> weights, std::span<const float> arguments) {
  KRIGE_CHECK(expect_arguments(arguments, weights.size()));
  std::ranges::copy(arguments, weights.begin());
  return {};
}

Status scale(std::span<float> weights, std::span<const float> arguments) {
  KRIGE_CHECK(expect_arguments(arguments, 1));
  for (float& w : weights) w *= arguments[0];
  return {};
}

}  // namespace

ServerFunctions::ServerFunctions(std::uint32_t workers)
    : functions_{{"add", add_each}, {"assign", assign}, {"scale", scale}}, callers_(workers) {}

Status ServerFunctions::add(std::string name, ServerFunction function) {
  if (functions_.contains(name))
    return fail(ErrorCode::already_exists, fmt::format("there is a function {} already", name));
  functions_.emplace(std::move(name), std::move(function));
  return {};
}

Result<CallOutcome> ServerFunctions::call(const Call& call, std::span<float> weights) {
  if (call.worker >= callers_.size())
    return fail(ErrorCode::invalid_argument, fmt::format("there is no worker {}", call.worker));
  Caller caller = callers_[call.worker];
  if (call.incarnation < caller.incarnation)
    return fail(ErrorCode::stale_token, fmt::format("worker {} was replaced", call.worker));
  if (call.incarnation > caller.incarnation) caller = {call.incarnation, 0};
  if (call.sequence < caller.next) return CallOutcome::duplicate;
  if (call.sequence > caller.next)
    return fail(ErrorCode::unavailable, fmt::format("call {} of worker {} has not come", caller.next, call.worker));
  const auto function = functions_.find(call.function);
  if (function == functions_.end())
    return fail(ErrorCode::not_found, fmt::format("there is no function {}", call.function));
  if (call.keys.begin > call.keys.end || call.keys.end > weights.size())
    return fail(ErrorCode::invalid_argument,
                fmt::format("keys {} to {} are not the shard's", call.keys.begin, call.keys.end));
  if (Status done = function->second(weights.subspan(call.keys.begin, call.keys.size()), call.arguments); !done)
    return fail(done.error().code, fmt::format("{}: {}", call.function, done.error().message));
  callers_[call.worker] = {call.incarnation, call.sequence + 1};
  return CallOutcome::applied;
}

ServerFunction function_of(Optimizer& optimizer, double rate, std::size_t keys) {
  return [&optimizer, rate, keys](std::span<float> weights, std::span<const float> arguments) -> Status {
    if (weights.size() != keys) return fail(ErrorCode::invalid_argument, "works on all keys of the shard");
    KRIGE_CHECK(expect_arguments(arguments, keys));
    optimizer.step(rate, weights, arguments);
    return {};
  };
}

}  // namespace krige::trainer
