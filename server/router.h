// From method and path to a handler. Paths follow Google's custom verbs: /studies/{study}:pause.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "server/auth/role.h"
#include "server/http/message.h"

namespace krige::server {

// A request whose path matched, of a caller who may.
struct Call {
  const Request& request;
  const Caller& caller;
  Fields parameters;  // of the path

  // The part of the path that stands for {name}; the pattern must have it.
  [[nodiscard]] const std::string& operator[](std::string_view name) const;
};

using Handler = std::function<Result<Reply>(const Call&)>;

// Who may call a route: who reads as a viewer and who changes as an operator, unless the route says otherwise.
enum class Access { by_method, open, admin };

struct RouteInfo {
  std::string method;
  std::string pattern;        // /api/v1/studies/{study}
  std::optional<Role> needs;  // none: open to all
};

struct Dispatched {
  Reply reply;
  const RouteInfo* route = nullptr;  // none matched; else as long as the router lives
};

// Add the routes first; then it is thread-safe. HEAD is answered as GET.
class Router {
 public:
  // `pattern`: segments that are literal or {parameter}, each perhaps with :verb. A parameter is not empty and has no
  // colon.
  void add(std::string method, std::string_view pattern, Handler handler, Access access = Access::by_method);
  // Called instead of the handler of every route that matched, of a caller who may, to call it.
  using Around = std::function<Reply(const Request&, const std::function<Reply(const Request&)>& handle)>;
  void set_around(Around around) { around_ = std::move(around); }
  // For GET of every path outside /api that no pattern has; open to all.
  void set_fallback(Handler handler) { fallback_ = std::move(handler); }

  // An Error of a handler, an unknown path (404), a wrong method (405), and a caller who may not (401, 403) become
  // problems.
  [[nodiscard]] Dispatched dispatch(const Request& request, const Caller& caller) const;

  [[nodiscard]] std::vector<RouteInfo> routes() const;

 private:
  struct Segment {
    std::string literal;
    std::string parameter;  // instead of the literal
    std::string verb;
  };
  struct Route {
    RouteInfo info;
    std::vector<Segment> segments;
    Handler handler;
  };

  static std::optional<Fields> match(const Route& route, std::string_view path);

  std::deque<Route> routes_;  // they stay where they are
  Around around_;
  Handler fallback_;
};

}  // namespace krige::server
