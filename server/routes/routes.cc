#include "server/routes/routes.h"

#include <fmt/format.h>

#include "base/log.h"

namespace krige::server {

void Api::write_audit(const AuditEvent& event) const {
  if (!audit) return;
  // The change is made and cannot be taken back: what is missing is said where the operator looks.
  if (const Status written = audit->append(event); !written)
    log::error("the audit log lacks request " + event.request_id + ": " + written.error().describe());
}

Error asks_too_often(std::string_view who) {
  return {ErrorCode::rate_limited, fmt::format("{} asks too often: wait as long as Retry-After says", who), {}, {}};
}

void add_routes(Router& router, Api& api) {
  add_studies(router, api);
  add_trainings(router, api);
  add_trials(router, api);
  add_curves(router, api);
  add_overview(router, api);
  add_study_files(router, api);
  add_surrogate(router, api);
  add_workers(router, api);
  add_events(router, api);
  add_logs(router, api);
  add_session(router, api);
  add_description(router);
  add_health(router, api);
  add_operation(router, api);
  add_static_files(router);
}

}  // namespace krige::server
