#include "base/low_priority.h"

#include <sys/resource.h>

#include <algorithm>

namespace krige {
namespace {

// A tenth of the weight of a thread of normal priority: next to a core that is asked for all it has, a computation
// still gets on.
constexpr int kNice = 10;

}  // namespace

// On Linux a niceness is each thread's own, and 0 is the calling one.
void lower_priority() {
  // It goes on as it was where the system refuses.
  [[maybe_unused]] const int refused = ::setpriority(PRIO_PROCESS, 0, std::max(kNice, ::getpriority(PRIO_PROCESS, 0)));
}

}  // namespace krige
