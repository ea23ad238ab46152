// From method and path to a handler. Paths follow Google's custom verbs: /studies/{study}:pause.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "server/http/message.h"

namespace krige::server {

// A request whose path matched.
struct Call {
  const Request& request;
  Fields parameters;  // of the path

  // The part of the path that stands for {name}; the pattern must have it.
  [[nodiscard]] const std::string& operator[](std::string_view name) const;
};

using Handler = std::function<Result<Reply>(const Call&)>;

// Add the routes first; then it is thread-safe. HEAD is answered as GET.
class Router {
 public:
  // `pattern`: segments that are literal or {parameter}, each perhaps with :verb. A parameter is not empty and has no
  // colon.
  void add(std::string method, std::string_view pattern, Handler handler);
  // For GET of every path outside /api that no pattern has.
  void set_fallback(Handler handler) { fallback_ = std::move(handler); }

  // An Error of a handler, an unknown path (404) and a wrong method (405) become problems.
  [[nodiscard]] Reply dispatch(const Request& request) const;

 private:
  struct Segment {
    std::string literal;
    std::string parameter;  // instead of the literal
    std::string verb;
  };
  struct Route {
    std::string method;
    std::vector<Segment> segments;
    Handler handler;
  };

  static std::optional<Fields> match(const Route& route, std::string_view path);

  std::vector<Route> routes_;
  Handler fallback_;
};

}  // namespace krige::server
