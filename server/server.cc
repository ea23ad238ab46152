#include "server/server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "base/ids.h"
#include "base/log.h"
#include "server/http/http_server.h"
#include "server/service.h"
#include "server/webhooks/webhooks.h"

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

HttpOptions http_options(const ServerOptions& options, Refusals& refusals) {
  HttpOptions http;
  http.limits.refusals = &refusals;
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

// Nobody else on the network may reach a service that starts processes, unless it is said how that is safe.
Status check_protected(const ServerOptions& options) {
  if (!options.auth)
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("{} can be reached from other machines, which must show a token: --no-auth is for 127.0.0.1, "
                    "[::1] and localhost",
                    options.host),
        "--listen");
  if (!options.tls_certificate.empty()) return {};
  if (!options.allow_plain_http)
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("{} can be reached from other machines, and tokens would cross the network in the clear: give "
                    "--tls-cert and --tls-key, or --insecure-http behind a proxy that has TLS",
                    options.host),
        "--listen");
  log::warning(fmt::format("{} can be reached from other machines without TLS", options.host));
  return {};
}

}  // namespace

Status check_program(const ServerOptions& options, const tuner::StudySpec& spec) {
  if (!spec.command || options.any_program) return {};
  const std::string& program = spec.command->front();
  const std::vector<std::string>& allowed = options.allowed_programs;
  if (std::ranges::find(allowed, program) != allowed.end()) return {};
  return fail(
      ErrorCode::permission_denied,
      fmt::format("this service does not start {}: its operator allows {}; a study without command and program is "
                  "for workers elsewhere, and krige sweep runs any program",
                  program, allowed.empty() ? "no program" : fmt::format("{}", fmt::join(allowed, ", "))),
      "command");
}

struct Server::Impl {
  Impl(tuner::Engine& engine, const ServerOptions& options, int bound_port, std::unique_ptr<Authenticator> auth)
      : service(engine, options, bound_port, std::move(auth)), port(bound_port) {}

  void start_retention(tuner::Engine& engine) {
    Api& api = service.api();
    Retention::Services used{.engine = &engine, .log_folder = attempt_logs_of(api.options.data_dir)};
    used.on_removed = [&api](const StudyId& study, const std::string& what) {
      api.write_audit({system_clock().wall_now(), "retention", "", "REMOVE",
                       fmt::format("/api/v1/studies/{}/trials/{}", study, what), 200, random_id(16)});
    };
    used.on_swept = [&api](const Swept& swept) {
      api.metrics.count_sweep(swept.files_of_trials, swept.records_of_trials, swept.bytes_before - swept.bytes_removed);
    };
    retention.emplace(std::move(used), api.options.retention);
  }

  Service service;
  int port;
  std::unique_ptr<Webhooks> webhooks;
  std::optional<Retention> retention;
  std::unique_ptr<HttpServer> http;  // last: its threads use all of the above
};

Result<std::unique_ptr<Server>> Server::start(tuner::Engine& engine, const ServerOptions& options) {
  KRIGE_TRY(Listener listener, listen_on(options.host, options.port));
  if (!listener.loopback) KRIGE_CHECK(check_protected(options));
  std::unique_ptr<TlsContext> tls;
  if (!options.tls_certificate.empty()) {
    KRIGE_TRY(tls, TlsContext::open(options.tls_certificate, options.tls_key));
  }
  std::unique_ptr<Authenticator> auth;
  if (options.auth) {
    KRIGE_TRY(auth, Authenticator::open(options.data_dir, listener.port, tls != nullptr));
  }
  auto impl = std::make_unique<Impl>(engine, options, listener.port, std::move(auth));
  if (!options.webhooks.empty() && options.data_dir.empty())
    return fail(ErrorCode::invalid_argument, "need a data directory", "--webhook");
  WebhookOptions hooks{
      .data_dir = options.data_dir, .urls = options.webhooks, .authorities = options.webhook_authorities};
  hooks.on_try = [metrics = &impl->service.api().metrics](const std::string& origin, std::string_view outcome,
                                                          double seconds) {
    metrics->count_delivery(origin, outcome, seconds);
  };
  KRIGE_TRY(impl->webhooks, Webhooks::start(engine, hooks));
  for (const std::string& url : options.webhooks)
    impl->service.api().metrics.expect_deliveries(Target::parse(url)->origin());
  if (options.retention.removes()) impl->start_retention(engine);
  HttpHandlers handlers;
  handlers.admit = [used = &impl->service](const Request& request) { return used->admit(request); };
  handlers.answer = [used = &impl->service](const Request& request) { return used->answer(request); };
  KRIGE_TRY(impl->http, HttpServer::start(std::move(listener.fd), http_options(options, impl->service.api().refusals),
                                          std::move(handlers), std::move(tls)));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

int Server::port() const { return impl_->port; }
std::string Server::url() const {
  const ServerOptions& options = impl_->service.options();
  return fmt::format("{}://{}:{}", options.tls_certificate.empty() ? "http" : "https", shown_host(options.host),
                     impl_->port);
}
std::string Server::new_login_url() {
  Authenticator* const auth = impl_->service.auth();
  return auth == nullptr ? "" : fmt::format("{}/login?code={}", url(), auth->new_login_code());
}
void Server::stop() { impl_->http->stop(); }
Status Server::reload_certificate() { return impl_->http->reload_certificate(); }

}  // namespace krige::server
