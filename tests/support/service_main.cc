// The service without what `krige serve` adds, over a store that can be told where to crash: for tests that kill it.
//
//   test_service DIR [--port N] [--lease-ms N] [--crash-at POINT] [--points FILE]
//
// Prints its address, then serves until SIGTERM. --points: appends the points that it passes.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "base/fd.h"
#include "server/server.h"
#include "tests/support/crashing_storage.h"
#include "tuner/study/engine.h"

namespace krige {
namespace {

struct Options {
  std::string folder;
  int port = 0;
  int lease_ms = 60'000;
  std::string crash_at;
  std::string points;
};

int run(const Options& options) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  const UniqueFd points(
      options.points.empty() ? -1 : ::open(options.points.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  Result<std::unique_ptr<tuner::Storage>> store = tuner::open_sqlite_storage(options.folder + "/krige.sqlite");
  if (!store) return fmt::print(stderr, "{}\n", store.error().describe()), 1;
  auto crashing = std::make_unique<tuner::CrashingStorage>(*std::move(store), options.crash_at,
                                                           [&points](const std::string& point) {
                                                             if (points)
                                                               static_cast<void>(write_all(points.get(), point + "\n"));
                                                           });
  tuner::EngineOptions engine_options;
  engine_options.lease = std::chrono::milliseconds(options.lease_ms);
  const auto engine = tuner::Engine::open(std::move(crashing), nullptr, engine_options);
  if (!engine) return fmt::print(stderr, "{}\n", engine.error().describe()), 1;
  server::ServerOptions server_options;
  server_options.port = options.port;
  const auto service = server::Server::start(**engine, server_options);
  if (!service) return fmt::print(stderr, "{}\n", service.error().describe()), 1;
  fmt::print("{}\n", (*service)->url());
  std::fflush(stdout);
  int signal = 0;
  ::sigwait(&ends, &signal);
  (*service)->stop();
  (*engine)->shut_down();
  return 0;
}

}  // namespace
}  // namespace krige

int main(int argc, char** argv) {
  krige::Options options;
  CLI::App app("A service for tests");
  app.add_option("folder", options.folder)->required();
  app.add_option("--port", options.port);
  app.add_option("--lease-ms", options.lease_ms);
  app.add_option("--crash-at", options.crash_at);
  app.add_option("--points", options.points);
  CLI11_PARSE(app, argc, argv);
  return krige::run(options);
}
