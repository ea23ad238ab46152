// The description of the API, OpenAPI 3.1: server/openapi.json, embedded.
#include <fmt/format.h>

#include <functional>

#include "server/routes/input.h"
#include "server/routes/routes.h"

namespace krige::server {

void add_description(Router& router) {
  const std::string etag = fmt::format("\"{:016x}\"", std::hash<std::string_view>{}(openapi_document()));
  router.add(
      "GET", "/openapi.json",
      [etag](const Call& call) -> Result<Reply> {
        KRIGE_CHECK(expect_nothing(call.request));
        Reply reply;
        reply.headers = {{"ETag", etag}, {"Cache-Control", "no-cache"}};
        if (call.request.header("If-None-Match").value_or("") == etag)
          reply.status = 304;
        else
          reply.body = openapi_document();
        return reply;
      },
      Access::open);
}

}  // namespace krige::server
