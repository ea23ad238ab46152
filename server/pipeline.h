// What every request passes on its way: who may ask at all, who asks, and then the route.
#pragma once

#include "server/auth/authenticator.h"
#include "server/guard.h"
#include "server/router.h"

namespace krige::server {

// Thread-safe. What it is given must outlive it.
class Pipeline {
 public:
  // `auth`: null when nobody is asked who they are.
  Pipeline(const Guard& guard, Authenticator* auth, const Router& router)
      : guard_(guard), auth_(auth), router_(router) {}

  // From the head alone.
  [[nodiscard]] Status admit(const Request& request) const { return guard_.admit(request); }
  [[nodiscard]] Reply answer(const Request& request);

 private:
  [[nodiscard]] Caller identify(const Request& request);
  // A stream that ends when its caller's token is revoked.
  void end_with_caller(Reply& reply, const Request& request, const RouteInfo& route);

  const Guard& guard_;
  Authenticator* const auth_;
  const Router& router_;
};

}  // namespace krige::server
