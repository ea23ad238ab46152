// What every request passes on its way: who may ask at all, who asks and how often, the route, and what is written down
// of it.
#pragma once

#include <chrono>

#include "server/auth/rate_limiter.h"
#include "server/guard.h"
#include "server/routes/routes.h"

namespace krige::server {

// Thread-safe. What it is given must outlive it.
class Pipeline {
 public:
  Pipeline(const Guard& guard, const Router& router, Api& api)
      : guard_(guard), router_(router), api_(api), limiter_(api.options.requests_per_second) {}

  // From the head alone.
  [[nodiscard]] Status admit(const Request& request);
  [[nodiscard]] Reply answer(const Request& request);

 private:
  using Start = std::chrono::steady_clock::time_point;

  [[nodiscard]] Caller identify(const Request& request);
  [[nodiscard]] Dispatched dispatch(const Request& request, const Caller& caller);
  // A stream that ends when its caller's token is revoked.
  void end_with_caller(Reply& reply, const Request& request, const RouteInfo& route);
  void record(const Request& request, const Caller& caller, const Dispatched& done, Start start);

  const Guard& guard_;
  const Router& router_;
  Api& api_;
  RateLimiter limiter_;
};

}  // namespace krige::server
