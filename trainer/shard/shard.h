// The process of one server shard.
#pragma once

#include "base/error.h"
#include "trainer/coordinator/member.h"

namespace krige::trainer {

struct ShardOptions {
  bool trace = false;  // log each read: worker, clock, min_clock
};

// Serves until the coordinator ends it (cancelled), or until a peer talks nonsense.
[[nodiscard]] Status run_shard(const MemberArguments& arguments, const ShardOptions& options);

}  // namespace krige::trainer
