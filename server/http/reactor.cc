#include "server/http/reactor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "base/ids.h"
#include "base/log.h"

namespace krige::server {
namespace {

constexpr std::uint64_t kListenerId = 0;
constexpr std::uint64_t kWakeId = 1;
constexpr std::uint64_t kFirstConnectionId = 2;
// A refused client gets this long to read why: closing with unread input would reset the connection at once.
constexpr Millis kLinger{2'000};
// How long to leave new clients waiting when the process has no descriptor left.
constexpr Millis kAcceptPause{100};
constexpr std::uint32_t kReading = EPOLLIN | EPOLLRDHUP;
// One-shot, because the end of the client's side would be reported again and again until the answer is made.
constexpr std::uint32_t kAnswering = EPOLLRDHUP | EPOLLONESHOT;

MonotonicTime now() { return std::chrono::steady_clock::now(); }

Status control(int poll, int operation, int fd, std::uint64_t id, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (::epoll_ctl(poll, operation, fd, &event) != 0) return fail_errno(errno, "cannot watch a socket");
  return {};
}

}  // namespace

Result<std::unique_ptr<Reactor>> Reactor::start(UniqueFd listener, const ReactorLimits& limits, Answer answer,
                                                const TlsContext* tls) {
  UniqueFd poll(::epoll_create1(EPOLL_CLOEXEC));
  if (!poll) return fail_errno(errno, "cannot make an epoll descriptor");
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "cannot make an eventfd");
  KRIGE_CHECK(control(poll.get(), EPOLL_CTL_ADD, listener.get(), kListenerId, EPOLLIN));
  KRIGE_CHECK(control(poll.get(), EPOLL_CTL_ADD, wake.get(), kWakeId, EPOLLIN));
  std::unique_ptr<Reactor> reactor(
      new Reactor(std::move(listener), std::move(poll), std::move(wake), limits, std::move(answer), tls));
  try {
    reactor->thread_ = std::jthread([self = reactor.get()] { self->run(); });
  } catch (const std::system_error& e) {
    return fail(ErrorCode::io, std::string("cannot start a thread: ") + e.what());
  }
  return reactor;
}

Reactor::Reactor(UniqueFd listener, UniqueFd poll, UniqueFd wake, const ReactorLimits& limits, Answer answer,
                 const TlsContext* tls)
    : listener_(std::move(listener)),
      poll_(std::move(poll)),
      wake_(std::move(wake)),
      limits_(limits),
      answer_(std::move(answer)),
      tls_(tls),
      next_id_(kFirstConnectionId),
      pool_(limits.threads) {}

Reactor::~Reactor() { stop(); }

void Reactor::stop() {
  stopping_ = true;
  wake();
  const std::lock_guard lock(stop_mutex_);
  if (thread_.joinable()) thread_.join();
}

void Reactor::wake() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full: then a wake-up is on its way already.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void Reactor::run() {
  std::array<epoll_event, 64> events;
  bool stop_seen = false;
  while (true) {
    take_back_answered();
    if (stopping_ && !std::exchange(stop_seen, true)) begin_stop();
    if (stop_seen && connections_.empty()) return;
    expire();

    const MonotonicTime next = std::min({next_expiry_, listen_again_, cut_off_});
    int timeout = -1;
    if (next != MonotonicTime::max())
      timeout = static_cast<int>(std::clamp<std::int64_t>(std::chrono::ceil<Millis>(next - now()).count(), 0, 60'000));
    const int count = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), timeout);
    for (int i = 0; i < count; ++i) handle_event(events[i].data.u64, events[i].events);
  }
}

void Reactor::handle_event(Id id, std::uint32_t events) {
  if (id == kWakeId) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
    return;
  }
  if (id == kListenerId) return accept_all();
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;  // closed by an earlier event of the same batch
  Connection& connection = *found->second;
  if (connection.phase == Connection::Phase::answering) {
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) connection.gone.request_stop();
    return;
  }
  read(id, connection);
}

void Reactor::accept_all() {
  while (listener_) {
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if ((errno == EMFILE || errno == ENFILE) && make_room()) continue;
      log::warning("cannot accept connections, they wait: " + std::generic_category().message(errno));
      if (control(poll_.get(), EPOLL_CTL_MOD, listener_.get(), kListenerId, 0)) listen_again_ = now() + kAcceptPause;
      return;
    }
    const int on = 1;
    // Head and body are sent apart; without this, the body would wait for the delayed acknowledgement of the head.
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::unique_ptr<TlsSession> session = tls_ == nullptr ? nullptr : tls_->accept(fd.get());
    if (tls_ != nullptr && !session) continue;
    auto connection = std::make_unique<Connection>(std::move(fd), limits_.framing, std::move(session));
    if (connections_.size() >= limits_.connections && !make_room()) {
      count(&Refusals::connections);
      const Problem full = to_problem({ErrorCode::unavailable, "too many connections", {}, {}});
      // What does not fit into the socket's empty buffer is not worth a wait here.
      [[maybe_unused]] const bool sent = connection->send(to_final_message(full, random_id(16)), Millis(0));
      continue;
    }
    const Id id = next_id_++;
    set_deadline(*connection, limits_.request_time);
    if (control(poll_.get(), EPOLL_CTL_ADD, connection->fd(), id, kReading))
      connections_.emplace(id, std::move(connection));
  }
}

bool Reactor::make_room() {
  const auto idle_first = [](const auto& a, const auto& b) {
    return std::pair(!a.second->idle(), a.second->deadline) < std::pair(!b.second->idle(), b.second->deadline);
  };
  const auto oldest = std::ranges::min_element(connections_, idle_first);
  if (oldest == connections_.end() || !oldest->second->idle()) return false;
  connections_.erase(oldest);
  return true;
}

void Reactor::read(Id id, Connection& connection) {
  const bool was_idle = connection.idle();
  const Connection::Received received = connection.receive();
  if (received == Connection::Received::nothing_yet) {
    if (tls_ != nullptr) watch(id, connection, connection.receives_when_writable() ? kReading | EPOLLOUT : kReading);
    return;
  }
  if (received == Connection::Received::end) return close(id);
  if (connection.phase == Connection::Phase::draining) return connection.discard_input();
  if (was_idle) set_deadline(connection, limits_.request_time);
  proceed(id, connection);
}

void Reactor::proceed(Id id, Connection& connection) {
  const bool was_waiting = connection.framer.wants_continue();
  switch (connection.framer.advance(connection.input())) {
    case RequestFramer::Progress::refused:
      count(&Refusals::malformed_requests);
      return refuse(id, connection, connection.framer.refusal());
    case RequestFramer::Progress::more:
      if (!was_waiting && connection.framer.wants_continue() &&
          !connection.send("HTTP/1.1 100 Continue\r\n\r\n", Millis(0)))
        return close(id);
      watch(id, connection, kReading);
      return;
    case RequestFramer::Progress::complete:
      break;
  }
  connection.phase = Connection::Phase::answering;
  if (!watch(id, connection, kAnswering)) return;
  const bool queued = pool_.run([this, id, &connection] {
    const bool goes_on = answer_(connection);
    {
      const std::lock_guard lock(answered_mutex_);
      answered_.push_back({id, goes_on});
    }
    wake();
  });
  if (!queued) refuse(id, connection, to_problem({ErrorCode::unavailable, "no thread for the request", {}, {}}));
}

void Reactor::refuse(Id id, Connection& connection, const Problem& problem) {
  connection.phase = Connection::Phase::draining;
  connection.discard_input();
  if (!connection.send(to_final_message(problem, random_id(16)), Millis(0))) return close(id);
  connection.finish_sending();
  set_deadline(connection, kLinger);
  watch(id, connection, kReading);
}

void Reactor::count(std::atomic<std::uint64_t> Refusals::*what) const {
  if (limits_.refusals != nullptr) ++(limits_.refusals->*what);
}

void Reactor::take_back_answered() {
  std::vector<Answered> answered;
  {
    const std::lock_guard lock(answered_mutex_);
    answered.swap(answered_);
  }
  for (const Answered& one : answered) {
    Connection& connection = *connections_.at(one.id);
    if (!one.goes_on || stopping_) {
      close(one.id);
      continue;
    }
    connection.next_request();
    set_deadline(connection, connection.idle() ? limits_.keep_alive_time : limits_.request_time);
    proceed(one.id, connection);
  }
}

void Reactor::expire() {
  const MonotonicTime time = now();
  if (time >= listen_again_) {
    listen_again_ = MonotonicTime::max();
    if (listener_ && !control(poll_.get(), EPOLL_CTL_MOD, listener_.get(), kListenerId, EPOLLIN))
      listen_again_ = time + kAcceptPause;
  }
  if (time >= cut_off_) {
    cut_off_ = MonotonicTime::max();
    for (const auto& [id, connection] : connections_) ::shutdown(connection->fd(), SHUT_RDWR);
  }
  if (time < next_expiry_) return;
  next_expiry_ = MonotonicTime::max();
  std::vector<Id> late;
  for (const auto& [id, connection] : connections_) {
    if (connection->phase == Connection::Phase::answering) continue;
    if (connection->deadline <= time) {
      late.push_back(id);
    } else {
      next_expiry_ = std::min(next_expiry_, connection->deadline);
    }
  }
  for (const Id id : late) {
    Connection& connection = *connections_.at(id);
    if (connection.idle() || connection.phase == Connection::Phase::draining) {
      close(id);
    } else {
      count(&Refusals::slow_requests);
      refuse(id, connection, Problem::http(408, "timeout", "the request did not come whole in time"));
    }
  }
}

void Reactor::begin_stop() {
  listener_.reset();
  std::erase_if(connections_, [](const auto& entry) { return entry.second->phase != Connection::Phase::answering; });
  for (const auto& [id, connection] : connections_) connection->gone.request_stop();
  cut_off_ = now() + limits_.drain_time;
}

bool Reactor::watch(Id id, Connection& connection, std::uint32_t events) {
  if (control(poll_.get(), EPOLL_CTL_MOD, connection.fd(), id, events)) return true;
  close(id);
  return false;
}

void Reactor::set_deadline(Connection& connection, Millis after) {
  connection.deadline = now() + after;
  next_expiry_ = std::min(next_expiry_, connection.deadline);
}

}  // namespace krige::server
