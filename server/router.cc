#include "server/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/log.h"
#include "server/http/problem.h"

namespace krige::server {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(path.starts_with('/') ? 1 : 0);
  while (true) {
    const auto slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

struct StemAndVerb {
  std::string_view stem;
  std::string_view verb;
};

StemAndVerb split_verb(std::string_view segment) {
  const auto colon = segment.rfind(':');
  if (colon == std::string_view::npos) return {segment, {}};
  return {segment.substr(0, colon), segment.substr(colon + 1)};
}

Reply problem_reply(const Request& request, const Problem& problem) {
  // Being full is no failure, and would fill the log too.
  if (problem.status >= 500 && problem.code != name(ErrorCode::unavailable))
    log::error(fmt::format("{} {} failed, request {}: {}: {}", request.method, request.path, request.request_id,
                           problem.code, problem.detail));
  return to_reply(problem, request.request_id);
}

std::optional<Role> needed_role(std::string_view method, Access access) {
  if (access == Access::open) return std::nullopt;
  if (access == Access::admin) return Role::admin;
  return method == "GET" ? Role::viewer : Role::operator_;
}

Status check_role(const Caller& caller, std::optional<Role> needed) {
  if (!needed || (caller.role && *caller.role >= *needed)) return {};
  if (!caller.role)
    return fail(ErrorCode::unauthenticated,
                "needs a token (Authorization: Bearer …); that of this machine is in the file `token` of the service's "
                "data directory");
  return fail(ErrorCode::permission_denied, fmt::format("needs the role {}, and the token {} is of {}", name(*needed),
                                                        caller.name, name(*caller.role)));
}

Reply refusal(const Request& request, const Error& error) {
  Reply reply = problem_reply(request, to_problem(error));
  // RFC 9110, 15.5.2: a 401 says how to do better.
  if (error.code == ErrorCode::unauthenticated)
    reply.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"krige\"");
  return reply;
}

}  // namespace

const std::string& Call::operator[](std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &Fields::value_type::first);
  assert(found != parameters.end());
  return found->second;
}

void Router::add(std::string method, std::string_view pattern, Handler handler, Access access) {
  const std::optional<Role> needs = needed_role(method, access);
  Route route{{std::move(method), std::string(pattern), needs}, {}, std::move(handler)};
  for (const std::string_view text : split(pattern)) {
    const auto [stem, verb] = split_verb(text);
    Segment segment{std::string(stem), {}, std::string(verb)};
    if (stem.starts_with('{')) {
      segment.parameter = stem.substr(1, stem.size() - 2);
      segment.literal.clear();
    }
    route.segments.push_back(std::move(segment));
  }
  routes_.push_back(std::move(route));
}

std::optional<Fields> Router::match(const Route& route, std::string_view path) {
  const std::vector<std::string_view> texts = split(path);
  if (texts.size() != route.segments.size()) return std::nullopt;
  Fields parameters;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Segment& segment = route.segments[i];
    const auto [stem, verb] = split_verb(texts[i]);
    if (verb != segment.verb || stem.empty()) return std::nullopt;
    if (segment.parameter.empty() ? stem != segment.literal : stem.find(':') != std::string_view::npos)
      return std::nullopt;
    if (!segment.parameter.empty()) parameters.emplace_back(segment.parameter, stem);
  }
  return parameters;
}

std::vector<RouteInfo> Router::routes() const {
  std::vector<RouteInfo> all;
  for (const Route& route : routes_) all.push_back(route.info);
  return all;
}

Dispatched Router::dispatch(const Request& request, const Caller& caller) const {
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const auto answer = [&](const Handler& handler, Fields parameters) {
    Result<Reply> reply = handler(Call{request, caller, std::move(parameters)});
    return reply ? std::move(*reply) : problem_reply(request, to_problem(reply.error()));
  };
  std::string allowed;
  for (const Route& route : routes_) {
    std::optional<Fields> parameters = match(route, request.path);
    if (!parameters) continue;
    if (route.info.method == method) {
      const Status may = check_role(caller, route.info.needs);
      if (!may) return {refusal(request, may.error()), &route.info};
      const auto handle = [&](const Request&) { return answer(route.handler, *std::move(parameters)); };
      return {around_ ? around_(request, handle) : handle(request), &route.info};
    }
    allowed += (allowed.empty() ? "" : ", ") + route.info.method;
  }
  const bool is_page = request.path != "/api" && !request.path.starts_with("/api/");
  if (allowed.empty() && is_page) {
    if (method == "GET") return {answer(fallback_, {})};
    allowed = "GET";
  }
  if (allowed.empty())
    return {problem_reply(request,
                          to_problem({ErrorCode::not_found, fmt::format("there is no {}", request.path), {}, {}}))};
  Reply reply = problem_reply(
      request, Problem::http(405, "method_not_allowed", fmt::format("{} takes {}", request.path, allowed)));
  reply.headers.emplace_back("Allow", allowed);
  return {std::move(reply)};
}

}  // namespace krige::server
