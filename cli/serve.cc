#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"
#include "cli/workplace.h"
#include "server/server.h"

namespace krige::cli {
namespace {

namespace fs = std::filesystem;

constexpr Millis kShortestLease = std::chrono::seconds(1);
constexpr Millis kLongestLease = std::chrono::days(7);
constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};

void log_text() {
  const auto logger = spdlog::stderr_color_mt("krige");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  log::set_sink([logger](log::Level level, std::string_view message) {
    constexpr spdlog::level::level_enum kOurs[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                   spdlog::level::err};
    logger->log(kOurs[static_cast<int>(level)], message);
  });
}

// One JSON object a line, whole: time, level, and what it is about.
void log_json_line(log::Level level, OrderedJson about) {
  OrderedJson line{{"time", to_rfc3339(system_clock().wall_now())}, {"level", kLevels[static_cast<int>(level)]}};
  line.update(about);
  // There is nowhere to say that standard error is closed.
  [[maybe_unused]] const Status written = write_all(STDERR_FILENO, dump(line) + "\n");
}

void log_json(server::ServerOptions& options) {
  log::set_sink([](log::Level level, std::string_view message) {
    if (level != log::Level::debug) log_json_line(level, {{"message", message}});
  });
  options.on_request = [](const server::RequestRecord& request) {
    log_json_line(request.status >= 500 ? log::Level::error : log::Level::info, {{"message", "request"},
                                                                                 {"request_id", request.request_id},
                                                                                 {"method", request.method},
                                                                                 {"path", request.path},
                                                                                 {"route", request.route},
                                                                                 {"caller", request.caller},
                                                                                 {"status", request.status},
                                                                                 {"seconds", request.seconds},
                                                                                 {"bytes", request.bytes}});
  };
}

// "127.0.0.1:8080", "[::1]:0".
Status parse_listen(const std::string& listen, server::ServerOptions& options) {
  const auto colon = listen.rfind(':');
  const std::string port = colon == std::string::npos ? "" : listen.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), options.port);
  if (colon == 0 || port.empty() || error != std::errc() || end != port.data() + port.size() || options.port > 65535 ||
      options.port < 0)
    return fail(ErrorCode::invalid_argument, fmt::format("must be HOST:PORT, as in 127.0.0.1:8080, is {}", listen),
                "--listen");
  options.host = listen.substr(0, colon);
  return {};
}

}  // namespace

int serve(const ServeOptions& options) {
  server::ServerOptions server_options;
  server_options.allowed_hosts = options.allowed_hosts;
  if (const Status parsed = parse_listen(options.listen, server_options); !parsed) return report(parsed.error());
  server_options.allowed_programs = options.allowed_programs;
  server_options.webhooks = options.webhooks;
  server_options.webhook_authorities = options.webhook_authorities;
  server_options.retention = {.files_for = options.keep_files,
                              .records_for = options.keep_records,
                              .files_bytes = options.keep_bytes,
                              .keep_best = options.keep_best};
  server_options.auth = options.auth;
  server_options.tls_certificate = options.tls_certificate;
  server_options.tls_key = options.tls_key;
  server_options.allow_plain_http = options.insecure_http;
  const Result<fs::path> folder = data_folder(options.data_dir);
  if (!folder) return report(folder.error());
  server_options.data_dir = folder->string();
  std::error_code error;
  server_options.data_root = options.data_root.empty() ? fs::current_path(error).string() : options.data_root;
  if (!fs::is_directory(server_options.data_root, error))
    return report({ErrorCode::invalid_argument, server_options.data_root + " is not a folder", "--data-root", {}});

  // The service is there only later, and gone before the watch is.
  std::mutex reload_mutex;
  server::Server* reloads = nullptr;
  InterruptWatch interrupt([&] {
    const std::lock_guard lock(reload_mutex);
    if (reloads == nullptr) return log::warning("SIGHUP: the service is not there yet, or ends");
    if (options.tls_certificate.empty()) return log::info("SIGHUP: there is no certificate to read again");
    if (const Status reloaded = reloads->reload_certificate(); !reloaded)
      return log::error("SIGHUP: the old certificate stays: " + reloaded.error().describe());
    log::info("SIGHUP: the certificate was read again");
  });
  if (options.log == "json")
    log_json(server_options);
  else
    log_text();
  if (options.lease && (*options.lease < kShortestLease || *options.lease > kLongestLease))
    return report({ErrorCode::invalid_argument, "must be 1s to 7d", "--lease", {}});
  tuner::StoreTimes store_times;
  server_options.store_times = &store_times;
  server_options.requests_per_second = options.rate_limit;
  if (options.rate_limit == 0) server_options.failures_per_second = 0;
  auto engine = open_engine(
      {.store = store_in(*folder),
       .times = &store_times,
       .lease = options.lease,
       .log_folder = server::attempt_logs_of(server_options.data_dir),
       .may_run = [server_options](const tuner::StudySpec& spec) { return check_program(server_options, spec); }});
  if (!engine) return report(engine.error());
  auto service = server::Server::start(**engine, server_options);
  if (!service) return report(service.error());
  print_line(fmt::format("krige serves on {}  (studies in {}, data from {})", (*service)->url(), folder->string(),
                         server_options.data_root));
  if (const std::string login = (*service)->new_login_url(); !login.empty())
    print_line(
        fmt::format("open {} once in a browser; programs send the token in {}", login, (*folder / "token").string()));
  const auto let_reload = [&](server::Server* of) {
    const std::lock_guard lock(reload_mutex);
    reloads = of;
  };
  let_reload(service->get());
  interrupt.wait();
  let_reload(nullptr);
  log::info("stopping: running trials will be started again by the next server");
  (*service)->stop();
  (*engine)->shut_down(tuner::Drain::with_grace);
  return 0;
}

}  // namespace krige::cli
