// Errors as values. Inside Krige nothing that can fail throws: it returns a Result. Exceptions of libraries are caught
// where the library is called and become an Error there.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace krige {

// Each code has one HTTP status, one exit code and one stable name (error.cc); clients match on the name.
enum class ErrorCode {
  invalid_argument,
  not_found,
  already_exists,
  conflict,             // the request is fine, the state forbids it
  study_finished,       // the study has ended and gives no more trials
  trial_finished,       // the trial has its result already
  precondition_failed,  // what the caller had read has changed since
  stale_token,          // the attempt was replaced or released: a late worker
  space_exhausted,      // every point of a finite space has been tried
  permission_denied,
  unauthenticated,
  rate_limited,  // this caller asks too often
  payload_too_large,
  unsupported_media_type,
  unavailable,  // try again later
  timeout,
  cancelled,
  io,              // the operating system refused
  corrupt,         // what was read is not what was written
  process_failed,  // a child process ended in a way it should not
  unsupported,
  internal,  // our own bug
};

struct FieldError {
  std::string field;  // path of the value, as in parameters.learning_rate.min; empty: the whole
  std::string message;
  friend bool operator==(const FieldError&, const FieldError&) = default;
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::string field;               // path of the offending value, empty when there is none
  std::vector<FieldError> others;  // further faults of the same input, so that a user fixes all at once

  // The same error with `prefix` before its paths: "min" in "parameters.x" is "parameters.x.min".
  [[nodiscard]] Error within(std::string_view prefix) const;
  // "parameters.x.min: must be below max", every fault on a line of its own.
  [[nodiscard]] std::string describe() const;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;
using Unexpected = tl::unexpected<Error>;

[[nodiscard]] inline Unexpected fail(ErrorCode code, std::string message, std::string field = {}) {
  return Unexpected(Error{code, std::move(message), std::move(field), {}});
}
[[nodiscard]] inline Unexpected fail(Error error) { return Unexpected(std::move(error)); }

// `message` with the text of errno value `err` behind it, as ErrorCode::io.
[[nodiscard]] Unexpected fail_errno(int err, std::string_view message);

[[nodiscard]] std::string_view name(ErrorCode code);
[[nodiscard]] int http_status(ErrorCode code);
// 1 failed, 2 wrong usage or bad file, 130 interrupted.
[[nodiscard]] int exit_code(ErrorCode code);

// "learning_rate" and "base" joined as base.learning_rate; an empty side adds no dot.
[[nodiscard]] std::string join_path(std::string_view base, std::string_view key);

}  // namespace krige

#define KRIGE_CONCAT_(a, b) a##b
#define KRIGE_CONCAT(a, b) KRIGE_CONCAT_(a, b)
// KRIGE_TRY(auto x, f()): x is f's value, or the enclosing function returns f's error.
#define KRIGE_TRY(declaration, ...)                                                    \
  auto KRIGE_CONCAT(krige_try_, __LINE__) = (__VA_ARGS__);                             \
  if (!KRIGE_CONCAT(krige_try_, __LINE__))                                             \
    return ::krige::Unexpected(std::move(KRIGE_CONCAT(krige_try_, __LINE__)).error()); \
  declaration = std::move(KRIGE_CONCAT(krige_try_, __LINE__)).value()
// KRIGE_CHECK(f()): the enclosing function returns f's error, if there is one.
#define KRIGE_CHECK(...) \
  if (auto krige_check_ = (__VA_ARGS__); !krige_check_) return ::krige::Unexpected(std::move(krige_check_).error())
