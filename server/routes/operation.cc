// For who operates the service: metrics, and who changed what.
#include <nlohmann/json.hpp>

#include "server/routes/input.h"
#include "server/routes/routes.h"

namespace krige::server {
namespace {

constexpr std::size_t kMaxPageSize = 1000;
constexpr std::size_t kPageSize = 100;

Result<Reply> metrics(Api& api, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  Reply reply;
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.body = api.metrics.text({.engine = api.engine,
                                 .store = api.options.store_times,
                                 .event_streams = api.streams.taken(),
                                 .waiting_suggests = api.waiting_suggests.taken(),
                                 .refused = {{"connections", api.refusals.connections},
                                             {"event_streams", api.streams.refused()},
                                             {"malformed_requests", api.refusals.malformed_requests},
                                             {"slow_requests", api.refusals.slow_requests},
                                             {"waiting_suggests", api.waiting_suggests.refused()}}});
  return reply;
}

Result<Reply> audit(Api& api, const Call& call) {
  QueryReader query(call.request);
  const std::size_t size = query.number("page_size", 1, kMaxPageSize, kPageSize);
  KRIGE_CHECK(query.finish());
  OrderedJson events = OrderedJson::array();
  if (api.audit) {
    KRIGE_TRY(std::vector<OrderedJson> latest, api.audit->latest(size));
    for (OrderedJson& event : latest) events.push_back(std::move(event));
  }
  return json_reply({{"events", std::move(events)}});
}

}  // namespace

void add_operation(Router& router, Api& api) {
  router.add("GET", "/metrics", [&api](const Call& call) { return metrics(api, call); });
  router.add(
      "GET", "/api/v1/audit", [&api](const Call& call) { return audit(api, call); }, Access::admin);
}

}  // namespace krige::server
