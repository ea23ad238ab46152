// Stands in for the generated source when the dashboard is not built.
#include "web/assets.h"

namespace krige::web {

std::span<const Asset> assets() { return {}; }

}  // namespace krige::web
