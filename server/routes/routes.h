// The resources of the service, a file each.
#pragma once

#include <optional>
#include <string_view>

#include "server/audit/audit_log.h"
#include "server/auth/authenticator.h"
#include "server/auth/rate_limiter.h"
#include "server/http/pool.h"
#include "server/http/reactor.h"
#include "server/metrics/metrics.h"
#include "server/router.h"
#include "server/server.h"

namespace krige::server {

// What handlers share. Must outlive the router.
struct Api {
  // `used_auth`: null when nobody is asked who they are.
  Api(tuner::Engine& used_engine, const ServerOptions& used_options, Authenticator* used_auth)
      : engine(used_engine),
        options(used_options),
        auth(used_auth),
        streams(used_options.event_streams),
        waiting_suggests(used_options.waiting_suggests),
        failures(used_options.failures_per_second) {
    if (!options.data_dir.empty()) audit.emplace(options.data_dir);
  }

  tuner::Engine& engine;
  const ServerOptions options;
  Authenticator* const auth;
  Slots streams;
  Slots waiting_suggests;
  Refusals refusals;
  Metrics metrics;
  std::optional<AuditLog> audit;  // where there is a data directory
  // Of requests that show no token, or a wrong one, by the client's address. Who signs in is counted by the route.
  RateLimiter failures;

  void write_audit(const AuditEvent& event) const;
};

void add_studies(Router& router, Api& api);
void add_curves(Router& router, Api& api);
void add_overview(Router& router, Api& api);
void add_study_files(Router& router, Api& api);
void add_surrogate(Router& router, Api& api);
void add_trainings(Router& router, Api& api);
void add_trials(Router& router, Api& api);
void add_workers(Router& router, Api& api);
void add_description(Router& router);
void add_events(Router& router, Api& api);
void add_health(Router& router, Api& api);
void add_logs(Router& router, Api& api);
void add_operation(Router& router, Api& api);
void add_session(Router& router, Api& api);
void add_static_files(Router& router);

inline constexpr std::string_view kUnknownCaller = "who shows no token that is known";
// rate_limited, of whom a RateLimiter refuses.
[[nodiscard]] Error asks_too_often(std::string_view who);

// Removes what the attempts of a study printed, once it is deleted; those of a crash in between, at the next start.
void forget_logs(const Api& api, const StudyId& study);
void forget_logs_of_deleted_studies(const Api& api);

// OpenAPI 3.1 as JSON: what server/openapi.json has.
[[nodiscard]] std::string_view openapi_document();

// All of them.
void add_routes(Router& router, Api& api);

}  // namespace krige::server
