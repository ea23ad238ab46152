// The process of one worker.
#pragma once

#include "base/error.h"
#include "trainer/coordinator/member.h"

namespace krige::trainer {

// Loads the data, works through all epochs and evaluates on demand, until the coordinator ends it (cancelled). Other
// errors, as of the data, have been reported to the coordinator.
[[nodiscard]] Status run_worker(const MemberArguments& arguments);

}  // namespace krige::trainer
