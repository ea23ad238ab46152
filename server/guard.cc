#include "server/guard.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace krige::server {
namespace {

bool has_port(std::string_view host) { return host.rfind(':') != std::string_view::npos && !host.ends_with(']'); }

std::string bracketed(const std::string& host) {
  return host.starts_with('[') || std::ranges::count(host, ':') < 2 ? host : "[" + host + "]";
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  if (host.starts_with('[') && host.ends_with(']'))
    return ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), address.data()) == 1;
  return ::inet_pton(AF_INET, host.c_str(), address.data()) == 1;
}

bool has_body(const Request& request) {
  return request.header("Transfer-Encoding") || request.header("Content-Length").value_or("0") != "0";
}

}  // namespace

Guard::Guard(const std::string& host, int port, const std::vector<std::string>& allowed_hosts, int default_port)
    : port_(port), default_port_(default_port), any_address_(host == "0.0.0.0" || host == "::" || host == "[::]") {
  std::vector<std::string> names{"localhost", "127.0.0.1", "[::1]", bracketed(host)};
  for (const std::string& name : allowed_hosts) names.push_back(bracketed(name));
  for (const std::string& name : names)
    hosts_.insert(to_lower(has_port(name) ? name : fmt::format("{}:{}", name, port)));
}

Status Guard::admit(const Request& request) const {
  KRIGE_CHECK(check_host(request));
  if (request.path.starts_with("/api/")) KRIGE_CHECK(check_origin(request));
  if (has_body(request)) {
    const std::string_view type = request.header("Content-Type").value_or("");
    if (!equals_ignoring_case(type.substr(0, type.find_first_of("; \t")), "application/json"))
      return fail(ErrorCode::unsupported_media_type, "a body must be sent with Content-Type: application/json");
  }
  return {};
}

bool Guard::is_our_host(std::string_view host_and_port) const {
  std::string host = to_lower(host_and_port);
  if (!has_port(host)) host += fmt::format(":{}", default_port_);
  if (hosts_.contains(host)) return true;
  // A name can be made to resolve to this machine by anybody; an address cannot.
  const auto colon = host.rfind(':');
  return any_address_ && host.substr(colon + 1) == std::to_string(port_) && is_address(host.substr(0, colon));
}

Status Guard::check_host(const Request& request) const {
  const auto is_host = [](const auto& field) { return equals_ignoring_case(field.first, "Host"); };
  if (std::ranges::count_if(request.headers, is_host) == 1 && is_our_host(*request.header("Host"))) return {};
  return fail(ErrorCode::permission_denied,
              fmt::format("the Host header \"{}\" does not name this service; its operator allows further names by "
                          "--allow-host",
                          request.header("Host").value_or("")));
}

Status Guard::check_origin(const Request& request) const {
  const std::string_view site = request.header("Sec-Fetch-Site").value_or("none");
  bool ours = site == "none" || site == "same-origin";
  if (const auto origin = request.header("Origin")) {
    const auto scheme_end = origin->find("://");
    ours = ours && scheme_end != std::string_view::npos && is_our_host(origin->substr(scheme_end + 3));
  }
  if (ours) return {};
  return fail(ErrorCode::permission_denied, "the API cannot be called from a page of another site");
}

}  // namespace krige::server
