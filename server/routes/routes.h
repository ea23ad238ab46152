// The resources of the service, a file each.
#pragma once

#include "server/http/pool.h"
#include "server/router.h"
#include "server/server.h"

namespace krige::server {

// What handlers share. Must outlive the router.
struct Api {
  Api(tuner::Engine& used_engine, const ServerOptions& used_options)
      : engine(used_engine),
        options(used_options),
        streams(used_options.event_streams),
        waiting_suggests(used_options.waiting_suggests) {}

  tuner::Engine& engine;
  const ServerOptions options;
  Slots streams;
  Slots waiting_suggests;
};

void add_studies(Router& router, Api& api);
void add_curves(Router& router, Api& api);
void add_study_files(Router& router, Api& api);
void add_surrogate(Router& router, Api& api);
void add_trials(Router& router, Api& api);
void add_workers(Router& router, Api& api);
void add_events(Router& router, Api& api);
void add_health(Router& router);
void add_static_files(Router& router);

}  // namespace krige::server
