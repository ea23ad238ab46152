#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <filesystem>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"
#include "cli/workplace.h"
#include "server/server.h"

namespace krige::cli {
namespace {

namespace fs = std::filesystem;

void log_to_stderr() {
  const auto logger = spdlog::stderr_color_mt("krige");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  log::set_sink([logger](log::Level level, std::string_view message) {
    constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                     spdlog::level::err};
    logger->log(kLevels[static_cast<int>(level)], message);
  });
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

// Until TLS and tokens are there, nobody else on the network may reach a service that starts processes.
bool is_loopback(const std::string& host) { return host == "localhost" || host == "[::1]" || host.starts_with("127."); }

}  // namespace

int serve(const ServeOptions& options) {
  server::ServerOptions server_options;
  server_options.allowed_hosts = options.allowed_hosts;
  if (const Status parsed = parse_listen(options.listen, server_options); !parsed) return report(parsed.error());
  if (!is_loopback(server_options.host)) {
    return report({ErrorCode::invalid_argument,
                   "must be an address of this machine only (127.0.0.1, [::1], localhost): the "
                   "service has no authentication yet",
                   "--listen",
                   {}});
  }
  const Result<std::string> folder = data_folder(options.data_dir);
  if (!folder) return report(folder.error());
  std::error_code error;
  if (fs::create_directories(*folder, error)) fs::permissions(*folder, fs::perms::owner_all, error);
  if (error) {
    return report({ErrorCode::io, fmt::format("cannot make {}: {}", *folder, error.message()), "--data-dir", {}});
  }
  server_options.data_root = options.data_root.empty() ? fs::current_path(error).string() : options.data_root;
  if (!fs::is_directory(server_options.data_root, error))
    return report({ErrorCode::invalid_argument, server_options.data_root + " is not a folder", "--data-root", {}});

  InterruptWatch interrupt;
  log_to_stderr();
  auto engine = open_engine(store_in(*folder));
  if (!engine) return report(engine.error());
  auto service = server::Server::start(**engine, server_options);
  if (!service) return report(service.error());
  print_line(fmt::format("krige serves on {}  (studies in {}, data from {})", (*service)->url(), *folder,
                         server_options.data_root));
  interrupt.wait();
  log::info("stopping: running trials will be started again by the next server");
  (*service)->stop();
  (*engine)->shut_down();
  return 0;
}

}  // namespace krige::cli
