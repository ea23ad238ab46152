// The process of one server shard.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "trainer/coordinator/member.h"
#include "trainer/shard/server_functions.h"

namespace krige::trainer {

struct ShardOptions {
  bool trace = false;                                 // log each read: worker, clock, min_clock
  std::map<std::string, ServerFunction> functions{};  // beside those that every shard has
};

// Serves until the coordinator ends it (cancelled), or until a peer talks nonsense. already_exists: two functions of
// one name.
[[nodiscard]] Status run_shard(const MemberArguments& arguments, const ShardOptions& options);

}  // namespace krige::trainer
