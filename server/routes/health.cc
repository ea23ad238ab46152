// Whether the service lives (healthz), and whether it can do its work (readyz). Open to all: supervisors have no token.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "server/routes/input.h"
#include "server/routes/routes.h"

namespace krige::server {
namespace {

// Below it the store, whose pages are written before they replace others, may soon be refused.
constexpr std::uint64_t kLeastFreeBytes = std::uint64_t{32} << 20;
constexpr std::string_view kGood = "ok";

// Asks the store for what is never in memory.
std::string check_store(const Api& api) {
  const auto answer = api.engine.kept_answer("");
  return answer ? std::string(kGood) : answer.error().message;
}

std::string check_disk(const std::string& folder) {
  struct statvfs about {};
  if (::statvfs(folder.c_str(), &about) != 0 || ::access(folder.c_str(), W_OK) != 0)
    return "the data directory cannot be written";
  const std::uint64_t free = std::uint64_t{about.f_bavail} * about.f_frsize;
  return free >= kLeastFreeBytes ? std::string(kGood) : fmt::format("only {} bytes are free", free);
}

Result<Reply> ready(const Api& api, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  OrderedJson checks{{"store", check_store(api)}};
  if (!api.options.data_dir.empty()) checks["disk"] = check_disk(api.options.data_dir);
  bool good = true;
  for (const OrderedJson& check : checks) good = good && check == kGood;
  Reply reply = json_reply({{"status", good ? "ready" : "not_ready"}, {"checks", std::move(checks)}}, good ? 200 : 503);
  if (!good) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

}  // namespace

void add_health(Router& router, Api& api) {
  router.add(
      "GET", "/healthz",
      [](const Call& call) -> Result<Reply> {
        KRIGE_CHECK(expect_nothing(call.request));
        return json_reply({{"status", "ok"}});
      },
      Access::open);
  router.add(
      "GET", "/readyz", [&api](const Call& call) { return ready(api, call); }, Access::open);
}

}  // namespace krige::server
