// One member of a training as a process of its own, with the test as its coordinator and as all its peers.
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/processes.h"
#include "trainer/coordinator/member.h"
#include "trainer/transport/event_loop.h"
#include "trainer/transport/socket_pair.h"

namespace krige::trainer {

class MemberProcess {
 public:
  static constexpr std::uint64_t kJob = 77;
  using Body = std::function<Status(const MemberArguments&)>;

  // Forks before any thread is there; the process runs `body` with `peers` links by Unix sockets. `loop` must outlive
  // this.
  MemberProcess(EventLoop& loop, std::size_t peers, const Body& body) : loop_(loop) {
    SocketPair control = make_socket_pair(Transport::unix_sockets).value();
    std::vector<SocketPair> links;
    for (std::size_t i = 0; i < peers; ++i) links.push_back(make_socket_pair(Transport::unix_sockets).value());
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      control.first.reset();
      MemberArguments arguments;
      arguments.control = control.second.release();
      for (SocketPair& link : links) {
        link.first.reset();
        arguments.links.push_back(link.second.release());
      }
      arguments.job_id = kJob;
      ::_exit(body(arguments) ? 0 : 1);
    }
    control_socket_ = std::move(control.first);
    for (SocketPair& link : links) sockets_.push_back(std::move(link.first));
  }
  ~MemberProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  MemberProcess(const MemberProcess&) = delete;
  MemberProcess& operator=(const MemberProcess&) = delete;

  [[nodiscard]] std::unique_ptr<Channel> control(std::function<Status(const Frame&)> on_frame) {
    return loop_.open(std::move(control_socket_), {std::move(on_frame), [](const Error&) {}});
  }
  [[nodiscard]] std::unique_ptr<Channel> link(std::size_t peer, std::function<Status(const Frame&)> on_frame) {
    return loop_.open(std::move(sockets_[peer]), {std::move(on_frame), [](const Error&) {}});
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  EventLoop& loop_;
  pid_t pid_ = -1;
  UniqueFd control_socket_;
  std::vector<UniqueFd> sockets_;
};

// Runs the loop until `done`, but not longer than kPatience: then false.
class PatientLoop {
 public:
  PatientLoop() {
    loop_.every(Millis(100), [this] {
      if (system_clock().now() > deadline_) late_ = true;
    });
  }
  [[nodiscard]] bool run_until(const std::function<bool()>& done) {
    deadline_ = system_clock().now() + testing::kPatience;
    late_ = false;
    loop_.run_until([&] { return late_ || done(); });
    return !late_;
  }
  [[nodiscard]] EventLoop& loop() { return loop_; }

 private:
  EventLoop loop_;
  MonotonicTime deadline_{};
  bool late_ = false;
};

}  // namespace krige::trainer
