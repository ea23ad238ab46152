#include "server/pipeline.h"

#include <fmt/format.h>

#include "server/http/problem.h"

namespace krige::server {
namespace {

constexpr std::string_view kPage = "page";
constexpr std::string_view kApi = "/api/";
constexpr std::string_view kSession = "/api/v1/session";

bool reads(const Request& request) { return request.method == "GET" || request.method == "HEAD"; }

bool has_header(const Reply& reply, std::string_view name) {
  for (const auto& [key, value] : reply.headers)
    if (key == name) return true;
  return false;
}

// A heartbeat prolongs a lease, which is no change of a study, and to check a file makes none; an answer that asks to
// come again gave nothing; who signs in or out is written down there.
bool is_change(const Request& request, const Dispatched& done) {
  return done.route != nullptr && !reads(request) && done.reply.status < 400 &&
         !done.route->pattern.ends_with(":heartbeat") && !done.route->pattern.ends_with(":check") &&
         done.route->pattern != kSession && !has_header(done.reply, "Retry-After");
}

}  // namespace

Status Pipeline::admit(const Request& request) {
  Status admitted = guard_.admit(request);
  if (!admitted) {
    Dispatched refused;
    refused.reply.status = http_status(admitted.error().code);
    record(request, {}, refused, std::chrono::steady_clock::now());
  }
  return admitted;
}

Caller Pipeline::identify(const Request& request) {
  if (api_.auth == nullptr) return {"anonymous", Role::admin};
  return api_.auth->identify(request);
}

Dispatched Pipeline::dispatch(const Request& request, const Caller& caller) {
  if (api_.auth == nullptr) return router_.dispatch(request, caller);
  const auto refused = [&](const Error& error) -> Dispatched {
    return {to_reply(to_problem(error), request.request_id)};
  };
  if (caller.role && request.path.starts_with(kApi) && !limiter_.take(caller.name))
    return refused(asks_too_often("this token"));
  Dispatched done = router_.dispatch(request, caller);
  // Only what fails counts, so that nobody can keep out those who share his address and have a token.
  const bool failed = !caller.role && done.reply.status == http_status(ErrorCode::unauthenticated);
  if (failed && done.route->pattern != kSession && !api_.failures.take(request.address))
    return refused(asks_too_often(kUnknownCaller));
  return done;
}

Reply Pipeline::answer(const Request& request) {
  const auto start = std::chrono::steady_clock::now();
  const Caller caller = identify(request);
  Dispatched done = dispatch(request, caller);
  if (is_change(request, done))
    api_.write_audit({system_clock().wall_now(), caller.name, std::string(caller.role ? name(*caller.role) : ""),
                      request.method, request.path, done.reply.status, request.request_id});
  record(request, caller, done, start);
  if (done.reply.stream && done.route != nullptr) end_with_caller(done.reply, request, *done.route);
  return std::move(done.reply);
}

void Pipeline::record(const Request& request, const Caller& caller, const Dispatched& done, Start start) {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const bool page = done.route == nullptr && done.reply.status < 400;
  const std::string_view route = done.route != nullptr ? std::string_view(done.route->pattern) : page ? kPage : "";
  // The method only where a route names it: a client could make up any number of them.
  api_.metrics.count_request(done.route != nullptr ? std::string_view(done.route->method) : "", route,
                             done.reply.status, seconds);
  if (route.ends_with(":suggest") && done.reply.status == 200 && !has_header(done.reply, "Retry-After"))
    api_.metrics.count_suggest(seconds);
  if (api_.options.on_request)
    api_.options.on_request({request.request_id, request.method, request.path, route, caller.name, done.reply.status,
                             seconds, done.reply.body.size()});
}

void Pipeline::end_with_caller(Reply& reply, const Request& request, const RouteInfo& route) {
  if (api_.auth == nullptr || !route.needs) return;
  Request shown;  // the request itself ends before the stream does
  shown.headers = request.headers;
  reply.stream = [this, shown = std::move(shown), needs = *route.needs,
                  stream = std::move(reply.stream)](const BodyWriter& write) {
    stream([&](std::string_view piece) {
      const Caller caller = api_.auth->identify(shown);
      return caller.role && *caller.role >= needs && write(piece);
    });
  };
}

}  // namespace krige::server
