#include "server/webhooks/delivery.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <chrono>

#include "server/auth/digest.h"

namespace krige::server {
namespace {

// A connection that is being opened cannot be cut off from another thread.
constexpr Millis kConnectTime{3'000};

}  // namespace

Result<Target> Target::parse(const std::string& url) {
  const auto wrong = [&] {
    return fail(ErrorCode::invalid_argument, fmt::format("must be http://HOST[:PORT]/… or https://…, is {}", url),
                "--webhook");
  };
  const auto scheme_end = url.find("://");
  const std::string scheme = url.substr(0, std::min(scheme_end, url.size()));
  if (scheme_end == std::string::npos || (scheme != "http" && scheme != "https")) return wrong();
  const auto path_at = std::min(url.find_first_of("/?#", scheme_end + 3), url.size());
  const std::string host = url.substr(scheme_end + 3, path_at - scheme_end - 3);
  // Names and passwords in an address end up in logs.
  const bool odd = std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '#'; });
  if (host.empty() || host.find('@') != std::string::npos || odd) return wrong();
  Target target;
  target.url_ = url;
  target.origin_ = url.substr(0, path_at);
  target.path_ = url.substr(path_at);
  if (!target.path_.starts_with('/')) target.path_.insert(0, "/");
  return target;
}

std::string signature(std::string_view secret, std::int64_t timestamp, std::string_view body) {
  return "v1=" + hmac_sha256(secret, fmt::format("{}.{}", timestamp, body));
}

Status deliver(const Target& target, const Message& message, std::string_view secret, Millis timeout,
               const std::string& authorities, const std::stop_token& stop) {
  httplib::Client client(target.origin());
  client.enable_server_certificate_verification(true);
  if (!authorities.empty()) client.set_ca_cert_path(authorities);
  client.set_connection_timeout(std::min(timeout, kConnectTime));
  client.set_read_timeout(timeout);
  client.set_write_timeout(timeout);
  const std::stop_callback cut_off(stop, [&] { client.stop(); });
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(system_clock().wall_now().time_since_epoch()).count();
  const httplib::Headers headers{{"Krige-Event", message.kind},
                                 {"Krige-Delivery", message.id},
                                 {"Krige-Timestamp", std::to_string(now)},
                                 {"Krige-Signature", signature(secret, now, message.body)},
                                 {"User-Agent", "krige"}};
  if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the service stops");
  const httplib::Result answer = client.Post(target.path(), headers, message.body, "application/json");
  if (!answer) return fail(ErrorCode::unavailable, "no answer: " + httplib::to_string(answer.error()));
  if (answer->status / 100 != 2) return fail(ErrorCode::unavailable, fmt::format("answered {}", answer->status));
  return {};
}

}  // namespace krige::server
