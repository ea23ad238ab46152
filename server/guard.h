// Who may ask at all: decided from the head of a request, before its body is parsed.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "server/http/message.h"

namespace krige::server {

// Const and thread-safe.
class Guard {
 public:
  // `host`, `port`: where the service listens; `allowed_hosts` as in ServerOptions; `default_port`: of a Host without
  // one, which is 80, and 443 with TLS.
  Guard(const std::string& host, int port, const std::vector<std::string>& allowed_hosts, int default_port = 80);

  // permission_denied: a Host that is not ours (DNS rebinding), or a call of the API from another site's page.
  // unsupported_media_type: a body that is not application/json.
  [[nodiscard]] Status admit(const Request& request) const;

 private:
  [[nodiscard]] bool is_our_host(std::string_view host_and_port) const;
  [[nodiscard]] Status check_host(const Request& request) const;
  [[nodiscard]] Status check_origin(const Request& request) const;

  int port_;
  int default_port_;
  bool any_address_;                          // listens on all addresses of the machine
  std::set<std::string, std::less<>> hosts_;  // lower case, with port
};

}  // namespace krige::server
