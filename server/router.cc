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

}  // namespace

const std::string& Call::operator[](std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &Fields::value_type::first);
  assert(found != parameters.end());
  return found->second;
}

void Router::add(std::string method, std::string_view pattern, Handler handler) {
  Route route{std::move(method), {}, std::move(handler)};
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

Reply Router::dispatch(const Request& request) const {
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const auto answer = [&](const Handler& handler, Fields parameters) {
    Result<Reply> reply = handler(Call{request, std::move(parameters)});
    return reply ? std::move(*reply) : problem_reply(request, to_problem(reply.error()));
  };
  std::string allowed;
  for (const Route& route : routes_) {
    std::optional<Fields> parameters = match(route, request.path);
    if (!parameters) continue;
    if (route.method == method) return answer(route.handler, std::move(*parameters));
    allowed += (allowed.empty() ? "" : ", ") + route.method;
  }
  const bool is_page = request.path != "/api" && !request.path.starts_with("/api/");
  if (allowed.empty() && is_page) {
    if (method == "GET") return answer(fallback_, {});
    allowed = "GET";
  }
  if (allowed.empty())
    return problem_reply(request,
                         to_problem({ErrorCode::not_found, fmt::format("there is no {}", request.path), {}, {}}));
  Reply reply = problem_reply(
      request, Problem::http(405, "method_not_allowed", fmt::format("{} takes {}", request.path, allowed)));
  reply.headers.emplace_back("Allow", allowed);
  return reply;
}

}  // namespace krige::server
