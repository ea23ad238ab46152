// Requests that may be sent again: a POST with an Idempotency-Key is done once, and answered the same each time (IETF
// draft-ietf-httpapi-idempotency-key-header-06). Only answers that say that something was done are kept: what was
// refused, or put off (Retry-After), has changed nothing and may be tried again.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "server/http/message.h"
#include "tuner/study/engine.h"

namespace krige::server {

inline constexpr std::size_t kMaxKeyBytes = 128;

// Of a POST; nullopt when it has none.
[[nodiscard]] std::optional<std::string> key_of(const Request& request);

// For the engine, to keep the answer to a request with a key in the transaction of what the request does.
[[nodiscard]] tuner::KeptAnswer kept_answer(const Request& request, const Reply& reply);
template <typename T, typename Answer>
[[nodiscard]] tuner::AnswerOf<T> kept(const Request& request, const Answer& answer) {
  if (!key_of(request)) return {};
  return [&request, answer](const T& value) { return kept_answer(request, answer(value)); };
}

// Thread-safe.
class Idempotency {
 public:
  // The engine must outlive it.
  explicit Idempotency(tuner::Engine& engine) : engine_(engine) {}

  // `handle` is called for a request whose key is new, and for those without. 422: the key was used for another
  // request; 409: a request with this key is being answered.
  Reply answer(const Request& request, const std::function<Reply(const Request&)>& handle);

 private:
  Result<Reply> once(const Request& request, const std::string& key,
                     const std::function<Reply(const Request&)>& handle);

  tuner::Engine& engine_;
  std::mutex mutex_;
  std::set<std::string> in_progress_;  // guarded by mutex_
};

}  // namespace krige::server
