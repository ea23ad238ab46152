// TLS for the connections of the service, by OpenSSL.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

struct ssl_st;
struct ssl_ctx_st;

namespace krige::server {

// One client's side of it, over a socket that does not block. Not thread-safe: one thread at a time.
class TlsSession {
 public:
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  enum class State { done, wants_read, wants_write, ended };
  struct Step {
    State state = State::ended;
    std::size_t bytes = 0;  // when done
  };
  // Both shake hands first. What is read at once is at most one record, of which nothing is left behind when `to` takes
  // 16 KiB: a socket without input has none here either.
  Step read(std::span<char> to);
  Step write(std::string_view from);
  // Tells the client that nothing follows; without waiting for its answer.
  void finish();

 private:
  friend class TlsContext;
  explicit TlsSession(ssl_st* session) : session_(session) {}
  Step outcome(int result, std::size_t bytes);

  ssl_st* session_;
  bool broken_ = false;
  bool finished_ = false;
};

// Certificate and key. Thread-safe.
class TlsContext {
 public:
  // PEM files: the certificate with those that lead to its root, and its key. Errors name the file.
  static Result<std::unique_ptr<TlsContext>> open(const std::string& certificate, const std::string& key);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Reads the same files again, for the sessions to come; those that are there go on with what they have. Where the
  // files are no good the old certificate stays.
  Status reload();

  // Null when there is no memory. The descriptor stays the caller's.
  [[nodiscard]] std::unique_ptr<TlsSession> accept(int fd) const;

 private:
  TlsContext(std::string certificate, std::string key, ssl_ctx_st* context)
      : certificate_(std::move(certificate)), key_(std::move(key)), context_(context) {}
  const std::string certificate_;
  const std::string key_;
  mutable std::mutex mutex_;
  ssl_ctx_st* context_;  // guarded by mutex_; sessions hold it too
};

}  // namespace krige::server
