#include "server/http/problem.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace krige::server {

Problem Problem::http(int status, std::string code, std::string detail) {
  return {status, std::move(code), std::move(detail), {}};
}

Problem to_problem(const Error& error) {
  Problem problem{http_status(error.code), std::string(name(error.code)), error.message, {}};
  if (!error.field.empty() || !error.others.empty()) {
    problem.errors.push_back({error.field, error.message});
    problem.errors.insert(problem.errors.end(), error.others.begin(), error.others.end());
    problem.detail = error.field.empty() ? error.message : error.field + ": " + error.message;
  }
  return problem;
}

Reply to_reply(const Problem& problem, const std::string& request_id) {
  OrderedJson errors = OrderedJson::array();
  for (const FieldError& fault : problem.errors)
    errors.push_back(OrderedJson{{"field", fault.field}, {"message", fault.message}});
  const OrderedJson json{{"type", "about:blank"},    {"title", status_title(problem.status)},
                         {"status", problem.status}, {"code", problem.code},
                         {"detail", problem.detail}, {"errors", std::move(errors)},
                         {"request_id", request_id}};
  Reply reply;
  reply.status = problem.status;
  reply.content_type = "application/problem+json";
  // A path that was echoed into the detail may hold any bytes.
  reply.body = json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  if (problem.status == 503 || problem.status == 429) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

std::string to_final_message(const Problem& problem, const std::string& request_id) {
  const Reply reply = to_reply(problem, request_id);
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nX-Request-Id: {}\r\n", reply.status,
                  status_title(reply.status), reply.content_type, reply.body.size(), request_id);
  for (const auto& [key, value] : reply.headers) head += fmt::format("{}: {}\r\n", key, value);
  return head + "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n" + reply.body;
}

std::string_view status_title(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Error";
  }
}

}  // namespace krige::server
