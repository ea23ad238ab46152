// What makes a process a member (shard or worker) of a training: its link to the coordinator, signs of life, and the
// end. A member dies with its coordinator: the kernel kills it (PR_SET_PDEATHSIG), and so does the end of the link.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/train_job.h"
#include "trainer/transport/event_loop.h"

namespace krige::trainer {

// Descriptors that a member inherits: its link to the coordinator, and one link to each peer (a worker's shards, a
// shard's workers).
struct MemberArguments {
  int control = -1;
  std::vector<int> links;
  std::vector<int> memories;  // of the links, or none: then all goes through the sockets
  std::uint64_t job_id = 0;
  Millis heartbeat{1000};
  Millis straggle{0};  // how much longer each minibatch takes, for comparisons of modes
};

class Member {
 public:
  using FrameHandler = std::function<Status(const Frame&)>;

  // Takes the descriptors; `on_frame` gets what the coordinator sends after the assignment.
  explicit Member(const MemberArguments& arguments, FrameHandler on_frame);

  // Waits for the assignment, which says who this process is. The coordinator watches and kills: no deadline here.
  [[nodiscard]] Status join();
  // A link to peer `index`, whose messages end in at most `keys` numbers; longer ones, too, arrive. A worker makes the
  // shared memory what it is and so opens its links before it says that it is ready. Its end is no error: when a peer
  // dies the coordinator tells by ending this process.
  [[nodiscard]] Result<std::unique_ptr<Channel>> open_link(std::size_t index, SharedSlots::Side side, std::size_t keys,
                                                           FrameHandler on_frame);

  // Runs the loop until `done`; an error of a handler or the end of the coordinator (cancelled) ends it earlier.
  [[nodiscard]] Status run_until(const std::function<bool()>& done);
  // Takes what has come meanwhile, between two parts of a long computation.
  [[nodiscard]] Status poll();
  void every(Millis interval, std::function<void()> tick) { loop_.every(interval, std::move(tick)); }
  // Of all links.
  [[nodiscard]] Traffic traffic() const { return loop_.traffic(); }
  // Shows life during a long computation; cheap.
  void keep_alive();
  // Tells what `figures` gives, with each sign of life.
  void tell_with(std::function<Figures()> figures) { figures_ = std::move(figures); }
  // Now, whenever the last sign of life was.
  void tell();
  // Sleeps as long as a straggler does over `minibatches`; shows life meanwhile.
  void straggle(std::uint64_t minibatches);
  // Tells the coordinator why this process ends.
  void report(const Error& error);

  template <typename M>
  void send(const M& message) {
    control_->send(job_id_, message);
  }

  [[nodiscard]] std::uint32_t index() const { return assignment_.index; }
  [[nodiscard]] std::uint32_t incarnation() const { return assignment_.incarnation; }
  [[nodiscard]] std::uint64_t clock() const { return assignment_.clock; }
  [[nodiscard]] std::uint64_t job_id() const { return job_id_; }
  [[nodiscard]] const TrainJob& job() const { return *job_; }

 private:
  Status on_control_frame(const Frame& frame);
  Status of_this_job(const Frame& frame) const;

  EventLoop loop_;
  std::vector<UniqueFd> links_;
  std::vector<UniqueFd> memories_;
  FrameHandler on_frame_;
  std::uint64_t job_id_;
  Millis heartbeat_;
  Millis straggle_;
  MonotonicTime last_heartbeat_{};
  std::function<Figures()> figures_ = [] { return Figures{}; };
  std::unique_ptr<Channel> control_;
  Assignment assignment_;
  std::optional<TrainJob> job_;
  std::optional<Error> failure_;
};

}  // namespace krige::trainer
