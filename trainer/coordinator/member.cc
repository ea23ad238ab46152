#include "trainer/coordinator/member.h"

#include <fmt/format.h>

#include <thread>

#include "trainer/job_text.h"

namespace krige::trainer {

Member::Member(const MemberArguments& arguments, FrameHandler on_frame)
    : on_frame_(std::move(on_frame)),
      job_id_(arguments.job_id),
      heartbeat_(arguments.heartbeat),
      straggle_(arguments.straggle) {
  for (const int link : arguments.links) links_.emplace_back(link);
  for (const int memory : arguments.memories) memories_.emplace_back(memory);
  const auto on_closed = [this](const Error& error) {
    if (failure_) return;
    failure_ =
        error.code == ErrorCode::unavailable ? Error{ErrorCode::cancelled, "the coordinator has ended", {}, {}} : error;
  };
  control_ =
      loop_.open(UniqueFd(arguments.control), {[this](const Frame& f) { return on_control_frame(f); }, on_closed});
  loop_.every(heartbeat_, [this] { keep_alive(); });
}

Status Member::of_this_job(const Frame& frame) const {
  if (frame.job == job_id_) return {};
  return fail(ErrorCode::corrupt, fmt::format("a message of job {:x} came to job {:x}", frame.job, job_id_));
}

Status Member::on_control_frame(const Frame& frame) {
  KRIGE_CHECK(of_this_job(frame));
  if (job_) return on_frame_(frame);
  KRIGE_TRY(assignment_, decode<Assignment>(frame));
  KRIGE_TRY(job_, parse_job_text(assignment_.job));
  return {};
}

Status Member::join() {
  return run_until([this] { return job_.has_value(); });
}

Result<std::unique_ptr<Channel>> Member::open_link(std::size_t index, SharedSlots::Side side, std::size_t keys,
                                                   FrameHandler on_frame) {
  std::optional<SharedSlots> memory;
  if (!memories_.empty()) {
    KRIGE_TRY(SharedSlots slots, SharedSlots::open(memories_[index], side, keys * sizeof(float)));
    memory.emplace(std::move(slots));
    memories_[index].reset();
  }
  return loop_.open(std::move(links_[index]),
                    {[this, handle = std::move(on_frame)](const Frame& frame) -> Status {
                       KRIGE_CHECK(of_this_job(frame));
                       return handle(frame);
                     },
                     [this](const Error& error) {
                       if (error.code != ErrorCode::unavailable && !failure_) failure_ = error;
                     }},
                    std::move(memory));
}

Status Member::run_until(const std::function<bool()>& done) {
  loop_.run_until([&] { return failure_.has_value() || done(); });
  if (failure_) return fail(*failure_);
  return {};
}

Status Member::poll() {
  if (!failure_) loop_.poll();
  if (failure_) return fail(*failure_);
  return {};
}

void Member::keep_alive() {
  if (system_clock().now() - last_heartbeat_ >= heartbeat_ / 2) tell();
}

void Member::tell() {
  last_heartbeat_ = system_clock().now();
  send(Heartbeat{figures_()});
}

void Member::straggle(std::uint64_t minibatches) {
  if (straggle_ == Millis(0)) return;
  for (std::uint64_t i = 0; i < minibatches; ++i) {
    std::this_thread::sleep_for(straggle_);
    keep_alive();
  }
}

void Member::report(const Error& error) { send(Failure{error}); }

}  // namespace krige::trainer
