#include "server/routes/routes.h"

namespace krige::server {

void add_routes(Router& router, Api& api) {
  add_studies(router, api);
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
