#include "server/routes/input.h"
#include "server/routes/routes.h"

namespace krige::server {

void add_health(Router& router) {
  router.add(
      "GET", "/healthz",
      [](const Call&) -> Result<Reply> {
        Reply reply;
        reply.body = R"({"status": "ok"})";
        reply.headers.emplace_back("Cache-Control", "no-store");
        return reply;
      },
      Access::open);
}

}  // namespace krige::server
