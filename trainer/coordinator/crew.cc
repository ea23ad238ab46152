#include "trainer/coordinator/crew.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "base/rng.h"
#include "trainer/job_text.h"

namespace krige::trainer {
namespace {

// Distinguishes jobs of one machine; not a secret: the sockets have no name that another process could use.
std::uint64_t new_job_id() {
  const auto now = static_cast<std::uint64_t>(system_clock().now().time_since_epoch().count());
  return mix64(now) ^ mix64(static_cast<std::uint64_t>(::getpid()));
}

// Every pair of a worker and a shard needs two descriptors while the processes start.
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Crew::Crew(EventLoop& loop, CrewOptions options, FrameHandler on_frame)
    : loop_(loop),
      options_(std::move(options)),
      on_frame_(std::move(on_frame)),
      job_id_(new_job_id()),
      last_look_(system_clock().now()) {}

// All are killed before the first is waited for.
Crew::~Crew() {
  for (const auto& member : members_) member->process.kill();
}

Status Crew::start(const TrainJob& job, std::uint64_t clock) {
  allow_many_descriptors();
  shards_ = job.mode == TrainMode::mapreduce ? 0 : static_cast<std::uint32_t>(job.shards);
  const auto workers = workers_ = static_cast<std::uint32_t>(job.workers);
  const Assignment assignment{0, 0, clock, job_text(job)};
  std::vector<MemberLinks> of_shard(shards_);
  std::vector<MemberLinks> of_worker(workers);
  std::vector<UniqueFd> memories;
  for (auto& shard : of_shard)
    for (auto& worker : of_worker) {
      KRIGE_TRY(SocketPair pair, make_socket_pair(options_.transport));
      shard.sockets.push_back(std::move(pair.first));
      worker.sockets.push_back(std::move(pair.second));
      if (options_.transport != Transport::shared_memory) continue;
      KRIGE_TRY(UniqueFd memory, SharedSlots::create());
      shard.memories.push_back(memory.get());
      worker.memories.push_back(memory.get());
      memories.push_back(std::move(memory));
    }
  // Workers first: they have data to load.
  for (std::uint32_t w = 0; w < workers; ++w) KRIGE_CHECK(start_member(Role::worker, w, of_worker[w], assignment));
  for (std::uint32_t s = 0; s < shards_; ++s) KRIGE_CHECK(start_member(Role::shard, s, of_shard[s], assignment));
  return {};
}

Status Crew::start_member(Role role, std::uint32_t index, const MemberLinks& links, const Assignment& assignment) {
  KRIGE_TRY(SocketPair control, make_socket_pair(options_.transport));
  std::vector<int> inherited{control.second.get()};
  std::vector<int> sockets;
  for (const UniqueFd& socket : links.sockets) sockets.push_back(socket.get());
  inherited.insert(inherited.end(), sockets.begin(), sockets.end());
  inherited.insert(inherited.end(), links.memories.begin(), links.memories.end());
  std::vector<std::string> arguments{
      role == Role::shard ? "shard" : "worker",
      "--control",
      std::to_string(control.second.get()),
      "--links",
      fmt::format("{}", fmt::join(sockets, ",")),
      "--memories",
      fmt::format("{}", fmt::join(links.memories, ",")),
      "--job-id",
      std::to_string(job_id_),
      "--heartbeat-ms",
      std::to_string(std::clamp<std::int64_t>(options_.timeout.count() / 4, 1, options_.heartbeat.count()))};
  if (options_.straggler > Millis(0) && role == Role::worker && index + 1 == workers_)
    arguments.insert(arguments.end(), {"--straggle-ms", std::to_string(options_.straggler.count())});
  if (options_.trace && role == Role::shard) arguments.emplace_back("--trace");
  KRIGE_TRY(ChildProcess process, ChildProcess::start(options_.program, arguments, inherited));
  const std::size_t place = members_.size();
  members_.push_back(
      std::make_unique<CrewMember>(CrewMember{role, index, std::move(process), nullptr, system_clock().now(), false}));
  CrewMember& added = *members_.back();
  added.channel = loop_.open(std::move(control.first), {[this, place](const Frame& f) { return on_frame(place, f); },
                                                        [this, place](const Error& e) { on_closed(place, e); }});
  Assignment own = assignment;
  own.index = index;
  send(role, index, own);
  return {};
}

Crew::CrewMember& Crew::member(Role role, std::uint32_t index) {
  for (const auto& member : members_)
    if (member->role == role && member->index == index) return *member;
  std::abort();  // our bug: there is no such member
}

std::string Crew::name(const CrewMember& member) {
  return fmt::format("{} {} (pid {})", member.role == Role::shard ? "shard" : "worker", member.index,
                     member.process.pid());
}

void Crew::fail_with(Error error) {
  if (!failure_) failure_ = std::move(error);
}

Status Crew::on_frame(std::size_t place, const Frame& frame) {
  CrewMember& from = *members_[place];
  from.last_seen = system_clock().now();
  if (frame.job != job_id_) return fail(ErrorCode::corrupt, "sends messages of another job");
  if (frame.type == MessageType::failure) {
    KRIGE_TRY(const Failure failure, decode<Failure>(frame));
    fail_with(failure.error);
    return {};
  }
  return on_frame_(from.role, from.index, frame);
}

void Crew::on_closed(std::size_t place, const Error& error) {
  CrewMember& closed = *members_[place];
  closed.closed = true;
  if (error.code != ErrorCode::unavailable)
    return fail_with({error.code, fmt::format("{}: {}", name(closed), error.message), error.field, {}});
  look_for_deaths();
}

// A member's last words come before its end is told: only when the link has been read to its end.
void Crew::look_for_deaths() {
  for (const auto& member : members_)
    if (const auto status = member->process.ended(); status && member->closed)
      fail_with({ErrorCode::process_failed, fmt::format("{} {}", name(*member), describe_exit(*status)), {}, {}});
}

void Crew::look_for_silence() {
  const MonotonicTime now = system_clock().now();
  // This process itself was stopped or starved: nobody could be heard meanwhile.
  const bool was_away = now - last_look_ > options_.timeout / 2;
  last_look_ = now;
  for (const auto& member : members_) {
    if (was_away) member->last_seen = now;
    if (now - member->last_seen <= options_.timeout) continue;
    fail_with({ErrorCode::timeout,
               fmt::format("{} has shown no life for {} s", name(*member),
                           std::chrono::duration<double>(options_.timeout).count()),
               {},
               {}});
  }
}

}  // namespace krige::trainer
