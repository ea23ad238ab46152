#include "base/error.h"

#include <array>
#include <cstring>

namespace krige {
namespace {

struct CodeRow {
  ErrorCode code;
  std::string_view name;
  int http;
  int exit;
};

constexpr std::array kCodes{
    CodeRow{ErrorCode::invalid_argument, "invalid_argument", 400, 2},
    CodeRow{ErrorCode::not_found, "not_found", 404, 1},
    CodeRow{ErrorCode::already_exists, "already_exists", 409, 1},
    CodeRow{ErrorCode::conflict, "conflict", 409, 1},
    CodeRow{ErrorCode::study_finished, "study_finished", 409, 1},
    CodeRow{ErrorCode::trial_finished, "trial_finished", 409, 1},
    CodeRow{ErrorCode::precondition_failed, "precondition_failed", 412, 1},
    CodeRow{ErrorCode::stale_token, "stale_token", 409, 1},
    CodeRow{ErrorCode::space_exhausted, "space_exhausted", 409, 1},
    CodeRow{ErrorCode::permission_denied, "permission_denied", 403, 1},
    CodeRow{ErrorCode::unauthenticated, "unauthenticated", 401, 1},
    CodeRow{ErrorCode::rate_limited, "rate_limited", 429, 1},
    CodeRow{ErrorCode::payload_too_large, "payload_too_large", 413, 1},
    CodeRow{ErrorCode::unsupported_media_type, "unsupported_media_type", 415, 1},
    CodeRow{ErrorCode::unavailable, "unavailable", 503, 1},
    CodeRow{ErrorCode::timeout, "timeout", 504, 1},
    CodeRow{ErrorCode::cancelled, "cancelled", 409, 130},
    CodeRow{ErrorCode::io, "io", 503, 1},
    CodeRow{ErrorCode::corrupt, "corrupt", 500, 1},
    CodeRow{ErrorCode::process_failed, "process_failed", 500, 1},
    CodeRow{ErrorCode::unsupported, "unsupported", 501, 1},
    CodeRow{ErrorCode::internal, "internal", 500, 1},
};

const CodeRow& row(ErrorCode code) {
  for (const CodeRow& candidate : kCodes)
    if (candidate.code == code) return candidate;
  return kCodes.back();
}

}  // namespace

std::string_view name(ErrorCode code) { return row(code).name; }
int http_status(ErrorCode code) { return row(code).http; }
int exit_code(ErrorCode code) { return row(code).exit; }

std::string join_path(std::string_view base, std::string_view key) {
  if (base.empty()) return std::string(key);
  if (key.empty()) return std::string(base);
  std::string path(base);
  if (key.front() != '[') path += '.';
  path += key;
  return path;
}

Error Error::within(std::string_view prefix) const {
  Error moved = *this;
  moved.field = join_path(prefix, field);
  for (FieldError& other : moved.others) other.field = join_path(prefix, other.field);
  return moved;
}

std::string Error::describe() const {
  std::string text = field.empty() ? message : field + ": " + message;
  for (const FieldError& other : others) text += "\n" + (other.field.empty() ? "" : other.field + ": ") + other.message;
  return text;
}

Unexpected fail_errno(int err, std::string_view message) {
  std::array<char, 256> buffer{};
  return fail(ErrorCode::io, std::string(message) + ": " + strerror_r(err, buffer.data(), buffer.size()));
}

}  // namespace krige
