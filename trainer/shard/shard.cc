#include "trainer/shard/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "base/log.h"
#include "trainer/shard/keyed_link.h"
#include "trainer/shard/parameter_range.h"

namespace krige::trainer {
namespace {

class Shard final : public ShardPeers {
 public:
  Shard(const MemberArguments& arguments, const ShardOptions& options)
      : options_(options), member_(arguments, [this](const Frame& frame) { return on_coordinator_frame(frame); }) {
    member_.tell_with([this] { return figures(); });
  }

  Status run() {
    Status served = serve();
    if (!served && served.error().code != ErrorCode::cancelled) member_.report(served.error());
    return served;
  }

  void send_weights(std::uint32_t worker, const Weights& weights) override {
    ++figures_.pulls;
    const std::uint64_t ahead = weights.clock - std::min(weights.clock, weights.min_clock);
    figures_.staleness_sum += ahead;
    figures_.staleness_max = std::max(figures_.staleness_max, ahead);
    if (options_.trace)
      log::info(fmt::format("read shard={} worker={} clock={} min_clock={} version={}", member_.index(), worker,
                            weights.clock, weights.min_clock, weights.version));
    if (!keyed_[worker].asked()) return workers_[worker]->send(member_.job_id(), weights);
    const KeyedWeights answer = keyed_[worker].answer(weights);
    workers_[worker]->send(member_.job_id(), answer, {&answer.values, 1});
  }

  void send_snapshot(const Snapshot& snapshot) override {
    member_.tell();
    member_.send(snapshot);
  }
  void send_state(const State& state) override { member_.send(state); }

 private:
  [[nodiscard]] Figures figures() const {
    Figures figures = figures_;
    if (range_) figures.clock = range_->min_clock();
    const Traffic traffic = member_.traffic();
    figures.socket_bytes = traffic.socket_bytes;
    figures.memory_bytes = traffic.memory_bytes;
    return figures;
  }

  Status serve() {
    KRIGE_CHECK(member_.join());
    // Links are read only once there are weights: until then the workers' pulls wait in the sockets.
    KRIGE_CHECK(member_.run_until([this] { return range_.has_value(); }));
    const auto workers = static_cast<std::uint32_t>(member_.job().workers);
    functions_.emplace(workers);
    for (const auto& [name, function] : options_.functions) KRIGE_CHECK(functions_->add(name, function));
    for (std::uint32_t w = 0; w < workers; ++w) {
      KRIGE_TRY(auto link, member_.open_link(w, SharedSlots::Side::taker, range_->weights().size(),
                                             [this, w](const Frame& frame) { return on_worker_frame(w, frame); }));
      workers_.push_back(std::move(link));
      keyed_.emplace_back(range_->weights().size());
    }
    return member_.run_until([] { return false; });
  }

  Status on_coordinator_frame(const Frame& frame) {
    if (!range_) return on_begin(frame);
    if (frame.type == MessageType::hold) {
      KRIGE_CHECK(decode<Hold>(frame));
      member_.send(Held{range_->hold()});
      return {};
    }
    KRIGE_TRY(const StopAt stop, decode<StopAt>(frame));
    range_->stop_at(stop.clock);
    return {};
  }

  Status on_begin(const Frame& frame) {
    KRIGE_TRY(const Begin begin, decode<Begin>(frame));
    KRIGE_CHECK(ParameterRange::check(member_.job(), begin));
    range_.emplace(member_.job(), begin, *this);
    return {};
  }

  Status on_worker_frame(std::uint32_t link, const Frame& frame) {
    if (frame.type == MessageType::keyed_push || frame.type == MessageType::keyed_pull)
      return on_keyed_frame(link, frame);
    if (frame.type == MessageType::call) return on_call(link, frame);
    if (frame.type == MessageType::push) ++figures_.pushes;
    if (frame.type == MessageType::assist) {
      KRIGE_TRY(const Assist offer, decode<Assist>(frame));
      KRIGE_CHECK(is_of(link, offer.worker));
      return say(link, MissingBlocks{offer.clock, range_->missing(offer.clock)});
    }
    keyed_[link].forget();
    if (frame.type == MessageType::pull) {
      KRIGE_TRY(const Pull pull, decode<Pull>(frame));
      KRIGE_CHECK(is_of(link, pull.worker));
      return range_->pull(pull);
    }
    KRIGE_TRY(const Push push, decode<Push>(frame));
    KRIGE_CHECK(is_of(link, push.worker));
    return range_->push(push);
  }

  Status on_keyed_frame(std::uint32_t link, const Frame& frame) {
    if (frame.type == MessageType::keyed_pull) {
      KRIGE_TRY(const KeyedPull request, decode<KeyedPull>(frame));
      KRIGE_CHECK(is_of(link, request.worker));
      KRIGE_TRY(const auto pull, keyed_[link].pull(request));
      if (const auto* miss = std::get_if<KeyMiss>(&pull)) return say(link, *miss);
      return range_->pull(std::get<Pull>(pull));
    }
    ++figures_.pushes;
    KRIGE_TRY(const KeyedPush gradient, decode<KeyedPush>(frame));
    KRIGE_CHECK(is_of(link, gradient.worker));
    KRIGE_TRY(const auto push, keyed_[link].push(gradient));
    if (const auto* miss = std::get_if<KeyMiss>(&push)) return say(link, *miss);
    return range_->push(std::get<Push>(push));
  }

  // What is wrong with a call is the caller's to know, and no reason to end the training.
  Status on_call(std::uint32_t link, const Frame& frame) {
    KRIGE_TRY(const Call call, decode<Call>(frame));
    KRIGE_CHECK(is_of(link, call.worker));
    Called answer{call.sequence, {}};
    if (const auto outcome = functions_->call(call, range_->writable_weights()); !outcome)
      answer.error = outcome.error();
    return say(link, answer);
  }

  template <typename Message>
  Status say(std::uint32_t link, const Message& message) {
    workers_[link]->send(member_.job_id(), message);
    return {};
  }

  static Status is_of(std::uint32_t link, std::uint32_t worker) {
    if (link == worker) return {};
    return fail(ErrorCode::corrupt, fmt::format("worker {} speaks as worker {}", link, worker));
  }

  ShardOptions options_;
  Figures figures_;  // what is counted here
  std::optional<ParameterRange> range_;
  std::optional<ServerFunctions> functions_;
  Member member_;
  std::vector<std::unique_ptr<Channel>> workers_;
  std::vector<KeyedLink> keyed_;  // by worker
};

}  // namespace

Status run_shard(const MemberArguments& arguments, const ShardOptions& options) {
  return Shard(arguments, options).run();
}

}  // namespace krige::trainer
