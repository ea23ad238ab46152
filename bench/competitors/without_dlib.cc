#include "bench/competitors/dlib_search.h"

namespace krige::bench {

bool has_dlib() { return false; }

Result<std::unique_ptr<Competitor>> make_dlib_search(const tuner::Space& /*space*/, std::uint64_t /*seed*/) {
  return fail(ErrorCode::unavailable, "this program was built without dlib (Debian's libdlib-dev)");
}

}  // namespace krige::bench
