// The HTTP service: REST under /api/v1 as docs/rest.md has it, event streams, and the dashboard.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "server/retention/retention.h"
#include "tuner/storage/timed_storage.h"
#include "tuner/study/engine.h"

namespace krige::server {

// A request that was answered, for the log. Without what could be secret: no query, no headers.
struct RequestRecord {
  std::string_view request_id;
  std::string_view method;
  std::string_view path;
  std::string_view route;   // its pattern; "page" for what the page is made of, empty when there is none
  std::string_view caller;  // name of the token
  int status = 0;
  double seconds = 0;     // until the answer was there; of a stream, until it began
  std::size_t bytes = 0;  // of the answer; 0 for a stream
};

// Where the executor of a service must keep what attempts print, for the service to show it.
[[nodiscard]] std::string attempt_logs_of(const std::string& data_dir);

struct ServerOptions {
  std::string host = "127.0.0.1";  // a name, an address, or an IPv6 address in brackets
  int port = 0;                    // 0: any free one
  std::string data_root;           // data of studies must stay below it; empty: studies that read data are refused
  // Where tokens, the audit log and the logs of attempts are; may be empty without `auth`.
  std::string data_dir;
  bool auth = true;  // false: everybody may everything, which is possible on this machine's own addresses only
  std::string tls_certificate;  // PEM files; both empty: plain HTTP
  std::string tls_key;
  // Other machines may reach the service without TLS: tokens and data are then read by whoever carries them.
  bool allow_plain_http = false;
  // Names by which clients may call the service besides localhost, 127.0.0.1, [::1] and `host`, each with or without
  // a port: a page of another site that resolves its name to this machine is turned away (DNS rebinding).
  std::vector<std::string> allowed_hosts;
  // Programs that a `command` of a study may start: its first word must be one of them, letter by letter. Empty: none.
  std::vector<std::string> allowed_programs;
  bool any_program = false;  // instead: for a service that only its own process can call

  // Addresses that are told when a trial or study has ended (server/webhooks/webhooks.h); they need a data directory.
  std::vector<std::string> webhooks;
  std::string webhook_authorities;  // PEM file of who may certify their https addresses; empty: who the system trusts
  RetentionOptions retention;
  double requests_per_second = 0;  // of each token, twice as many at once; 0: no limit
  // The same of the requests from one address that are refused for want of a token that is known.
  double failures_per_second = 5;
  const tuner::StoreTimes* store_times = nullptr;  // shown by /metrics; must outlive the server
  // Called from many threads, after each request.
  std::function<void(const RequestRecord&)> on_request;

  std::size_t body_bytes = std::size_t{1} << 20;
  std::size_t connections = 512;
  // Three bounds for three kinds of requests, so that none takes the threads of another.
  std::size_t api_threads = 16;
  std::size_t event_streams = 256;    // beyond: 503
  std::size_t waiting_suggests = 32;  // beyond: they answer without waiting
  Millis request_time{10'000};        // for a request to come whole
  Millis keep_alive_time{60'000};     // for a connection without a request
  Millis write_time{10'000};          // for a client to take an answer, or an event
  Millis drain_time{5'000};           // for requests being answered when the service stops
  Millis heartbeat_interval{15'000};  // of event streams
};

// permission_denied, field `command`: the study would start a program that the operator did not name. Neither another
// path to it, nor what a search in PATH, a parameter's value or env(1) would find, is that program.
[[nodiscard]] Status check_program(const ServerOptions& options, const tuner::StudySpec& spec);

class Server {
 public:
  // Serves when it returns. The engine must outlive the server. SIGPIPE is ignored from now on, in the whole process.
  // Errors: invalid_argument for a host that is none, and where the service would be open to other machines without
  // what protects it; io when the port is taken; permission_denied for a token file that others may read.
  static Result<std::unique_ptr<Server>> start(tuner::Engine& engine, const ServerOptions& options);
  // stop()
  ~Server();

  [[nodiscard]] int port() const;
  // http://HOST:PORT, with TLS https, as a browser on this machine can open it.
  [[nodiscard]] std::string url() const;
  // An address that signs a browser in, as the machine's own user, once; empty without `auth`. The one made before
  // counts no more. Thread-safe.
  [[nodiscard]] std::string new_login_url();
  // Ends event streams at once, lets other requests end within drain_time, and returns when no thread is left.
  // Thread-safe, may be called again.
  void stop();
  // Reads the TLS files again; connections go on. Where they are no good, the old certificate stays. Thread-safe.
  Status reload_certificate();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace krige::server
