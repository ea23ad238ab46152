// A study as one page that needs neither a server nor the network: the dashboard with the answers in it.
#pragma once

#include <string>

#include "cli/service.h"

namespace krige::cli {

// The HTML. `study`: its JSON. Errors: unsupported where krige was built without the dashboard; the service's.
[[nodiscard]] Result<std::string> report_page(Service& service, const OrderedJson& study);

}  // namespace krige::cli
