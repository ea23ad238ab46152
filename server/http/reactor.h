// Holds every connection that waits: a request costs a thread only once it has come whole, so that neither idle
// connections nor slow senders keep others from being answered. One thread; the answers are made on a pool's.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "server/http/connection.h"
#include "server/http/pool.h"

namespace krige::server {

// What the reactor turned away by itself, until now.
struct Refusals {
  std::atomic<std::uint64_t> connections = 0;         // beyond the bound, while none was idle
  std::atomic<std::uint64_t> slow_requests = 0;       // did not come whole in time
  std::atomic<std::uint64_t> malformed_requests = 0;  // too large too
};

struct ReactorLimits {
  FramingLimits framing;
  std::size_t connections = 512;  // beyond: the longest idle one makes room, else 503
  std::size_t threads = 112;
  Millis request_time{10'000};     // from the first byte of a request to its last
  Millis keep_alive_time{60'000};  // without a request
  Millis drain_time{5'000};        // for requests being answered when the service stops
  Refusals* refusals = nullptr;    // counted where given; must outlive the reactor
};

class Reactor {
 public:
  // Answers the connection's request on a thread of the pool; whether the connection goes on. Must not throw.
  using Answer = std::function<bool(Connection&)>;

  // `tls`: null for plain HTTP; else it must outlive the reactor.
  static Result<std::unique_ptr<Reactor>> start(UniqueFd listener, const ReactorLimits& limits, Answer answer,
                                                const TlsContext* tls = nullptr);
  ~Reactor();

  // Takes no more requests, lets those being answered end within drain_time (streams end at once), then cuts them off.
  // Returns when no connection is left. Thread-safe, may be called again.
  void stop();
  [[nodiscard]] bool stopping() const { return stopping_; }

 private:
  using Id = std::uint64_t;

  Reactor(UniqueFd listener, UniqueFd poll, UniqueFd wake, const ReactorLimits& limits, Answer answer,
          const TlsContext* tls);

  void run();
  void handle_event(Id id, std::uint32_t events);
  void accept_all();
  bool make_room();
  void read(Id id, Connection& connection);
  // Goes on with what has been received: waits for more, answers or refuses.
  void proceed(Id id, Connection& connection);
  void refuse(Id id, Connection& connection, const Problem& problem);
  void count(std::atomic<std::uint64_t> Refusals::*what) const;
  void take_back_answered();
  void expire();
  void begin_stop();
  // Whether the kernel accepted; the connection is closed otherwise.
  bool watch(Id id, Connection& connection, std::uint32_t events);
  void set_deadline(Connection& connection, Millis after);
  void close(Id id) { connections_.erase(id); }
  void wake();

  UniqueFd listener_;
  const UniqueFd poll_;
  const UniqueFd wake_;
  const ReactorLimits limits_;
  const Answer answer_;
  const TlsContext* const tls_;
  std::atomic<bool> stopping_ = false;

  // Of the reactor's thread.
  std::map<Id, std::unique_ptr<Connection>> connections_;
  Id next_id_;
  MonotonicTime next_expiry_ = MonotonicTime::max();  // no deadline is before it
  MonotonicTime listen_again_ = MonotonicTime::max();
  MonotonicTime cut_off_ = MonotonicTime::max();

  struct Answered {
    Id id;
    bool goes_on;
  };
  std::mutex answered_mutex_;
  std::vector<Answered> answered_;

  Pool pool_;
  std::mutex stop_mutex_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace krige::server
