// Errors as HTTP says them: RFC 9457, application/problem+json.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "server/http/message.h"

namespace krige::server {

struct Problem {
  int status = 500;
  std::string code;
  std::string detail;
  std::vector<FieldError> errors;
  // For faults of HTTP itself, which have no ErrorCode: 405, 408, 414, 431.
  static Problem http(int status, std::string code, std::string detail);
};

// The one place where an Error becomes HTTP. Faults of the server itself keep their detail: the operator is the user.
[[nodiscard]] Problem to_problem(const Error& error);
// A 503 and a 429 carry Retry-After.
[[nodiscard]] Reply to_reply(const Problem& problem, const std::string& request_id);
// The whole message for a connection that is closed then: for requests that never reach a handler.
[[nodiscard]] std::string to_final_message(const Problem& problem, const std::string& request_id);

[[nodiscard]] std::string_view status_title(int status);

}  // namespace krige::server
