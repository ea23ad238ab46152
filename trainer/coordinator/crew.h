// The processes of one training: starts them, links them, notices when one dies or falls silent, and ends them all.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/train_job.h"
#include "trainer/coordinator/child_process.h"
#include "trainer/transport/event_loop.h"
#include "trainer/transport/socket_pair.h"

namespace krige::trainer {

enum class Role { shard, worker };

struct CrewOptions {
  std::string program = "/proc/self/exe";
  Transport transport = Transport::shared_memory;
  // A member that shows no life for this long is taken for dead.
  Millis timeout{30'000};
  Millis heartbeat{1'000};  // at least four within the timeout
  bool trace = false;
  // The last worker takes so much longer over each minibatch; in mapreduce, over each evaluation by as many as an epoch
  // has. Less than the timeout.
  Millis straggler{0};
};

// Belongs to the thread of its loop. Its destructor ends all processes.
class Crew {
 public:
  using FrameHandler = std::function<Status(Role, std::uint32_t index, const Frame&)>;

  // `loop` must outlive the crew. Heartbeats and failures are the crew's too; all frames but failures go to `on_frame`.
  Crew(EventLoop& loop, CrewOptions options, FrameHandler on_frame);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Starts the job's shards and workers, to go on at `clock`, and hands each its assignment. io: no more processes or
  // descriptors.
  [[nodiscard]] Status start(const TrainJob& job, std::uint64_t clock);

  template <typename M>
  void send(Role role, std::uint32_t index, const M& message) {
    member(role, index).channel->send(job_id_, message);
  }

  // Call on SIGCHLD, and every timeout() / 4.
  void look_for_deaths();
  void look_for_silence();
  [[nodiscard]] Millis timeout() const { return options_.timeout; }
  [[nodiscard]] pid_t pid(Role role, std::uint32_t index) { return member(role, index).process.pid(); }
  // What ended the training, naming the process: process_failed, timeout, or what the member reported.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  struct CrewMember {
    Role role;
    std::uint32_t index;
    ChildProcess process;
    std::unique_ptr<Channel> channel;
    MonotonicTime last_seen;
    bool closed = false;
  };

  // Descriptors that a member inherits: a link to each of its peers, and the memory of each link (or none at all).
  struct MemberLinks {
    std::vector<UniqueFd> sockets;
    std::vector<int> memories;  // owned by start(): both ends of a link inherit the same
  };

  [[nodiscard]] CrewMember& member(Role role, std::uint32_t index);
  [[nodiscard]] static std::string name(const CrewMember& member);
  [[nodiscard]] Status start_member(Role role, std::uint32_t index, const MemberLinks& links,
                                    const Assignment& assignment);
  [[nodiscard]] Status on_frame(std::size_t place, const Frame& frame);
  void on_closed(std::size_t place, const Error& error);
  void fail_with(Error error);

  EventLoop& loop_;
  CrewOptions options_;
  FrameHandler on_frame_;
  std::uint64_t job_id_;
  std::uint32_t shards_ = 0;
  std::uint32_t workers_ = 0;
  std::vector<std::unique_ptr<CrewMember>> members_;  // shards, then workers
  MonotonicTime last_look_;
  std::optional<Error> failure_;
};

}  // namespace krige::trainer
