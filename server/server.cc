#include "server/server.h"

#include <fmt/format.h>

#include "base/log.h"
#include "server/guard.h"
#include "server/http/http_server.h"
#include "server/routes/routes.h"

namespace krige::server {
namespace {

// Everything of the page comes from here, and no other page may show it in a frame.
const Fields kSecurityHeaders{
    {"Content-Security-Policy",
     "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
     "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"}};

HttpOptions http_options(const ServerOptions& options) {
  HttpOptions http;
  http.limits.framing.body_bytes = options.body_bytes;
  http.limits.connections = options.connections;
  http.limits.threads = options.api_threads + options.event_streams + options.waiting_suggests;
  http.limits.request_time = options.request_time;
  http.limits.keep_alive_time = options.keep_alive_time;
  http.limits.drain_time = options.drain_time;
  http.write_time = options.write_time;
  http.headers = kSecurityHeaders;
  return http;
}

// The host of an address that a browser can open.
std::string shown_host(const std::string& host) {
  if (host == "0.0.0.0" || host == "::" || host == "[::]") return "localhost";
  return host.find(':') == std::string::npos || host.starts_with('[') ? host : "[" + host + "]";
}

}  // namespace

struct Server::Impl {
  Impl(tuner::Engine& engine, const ServerOptions& options, int bound_port)
      : api(engine, options), guard(options.host, bound_port, options.allowed_hosts), port(bound_port) {
    add_studies(router, api);
    add_trials(router, api);
    add_curves(router, api);
    add_study_files(router, api);
    add_surrogate(router, api);
    add_workers(router, api);
    add_events(router, api);
    add_health(router);
    add_static_files(router);
  }

  Api api;
  Guard guard;
  int port;
  Router router;
  std::unique_ptr<HttpServer> http;  // last: its threads use all of the above
};

Result<std::unique_ptr<Server>> Server::start(tuner::Engine& engine, const ServerOptions& options) {
  KRIGE_TRY(Listener listener, listen_on(options.host, options.port));
  if (!listener.loopback)
    log::warning(fmt::format("{} can be reached from other machines, and nobody is asked who they are", options.host));
  auto impl = std::make_unique<Impl>(engine, options, listener.port);
  HttpHandlers handlers;
  handlers.admit = [used = impl.get()](const Request& request) { return used->guard.admit(request); };
  handlers.answer = [used = impl.get()](const Request& request) { return used->router.dispatch(request); };
  KRIGE_TRY(impl->http, HttpServer::start(std::move(listener.fd), http_options(options), std::move(handlers)));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

int Server::port() const { return impl_->port; }
std::string Server::url() const {
  return fmt::format("http://{}:{}", shown_host(impl_->api.options.host), impl_->port);
}
void Server::stop() { impl_->http->stop(); }

}  // namespace krige::server
