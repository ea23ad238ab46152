// What answers requests, whole and without sockets.
#pragma once

#include <functional>
#include <memory>

#include "server/auth/authenticator.h"
#include "server/guard.h"
#include "server/idempotency.h"
#include "server/pipeline.h"
#include "server/router.h"
#include "server/routes/routes.h"

namespace krige::server {

// Thread-safe. The engine must outlive it.
class Service {
 public:
  // `port`: where the service can be reached; `auth`: null when nobody is asked who they are.
  Service(tuner::Engine& engine, const ServerOptions& options, int port, std::unique_ptr<Authenticator> auth)
      : auth_(std::move(auth)),
        api_(engine, options, auth_.get()),
        idempotency_(engine),
        guard_(options.host, port, options.allowed_hosts, options.tls_certificate.empty() ? 80 : 443),
        pipeline_(guard_, router_, api_) {
    add_routes(router_, api_);
    router_.set_around([this](const Request& request, const std::function<Reply(const Request&)>& handle) {
      return idempotency_.answer(request, handle);
    });
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // From the head alone; an error is the answer.
  [[nodiscard]] Status admit(const Request& request) { return pipeline_.admit(request); }
  [[nodiscard]] Reply answer(const Request& request) { return pipeline_.answer(request); }

  [[nodiscard]] const ServerOptions& options() const { return api_.options; }
  // What its routes share, for what works beside them.
  [[nodiscard]] Api& api() { return api_; }
  [[nodiscard]] Authenticator* auth() const { return auth_.get(); }

 private:
  const std::unique_ptr<Authenticator> auth_;
  Api api_;
  Idempotency idempotency_;
  Guard guard_;
  Router router_;
  Pipeline pipeline_;
};

}  // namespace krige::server
