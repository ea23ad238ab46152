// What push and pull cost: one shard and two workers, each a process, over each transport, and the floors that the same
// machine gives in the same run: copying memory, and waking another process. JSON on standard output.
//
//   data_plane_bench [--scale X]
//
// A round trip is: a worker writes a gradient, the shard applies it (sgd), and the new weights are in the worker's own
// memory. `alone`: the other worker is silent. `both`: both push and pull as fast as they can (asp).
#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/json.h"
#include "trainer/shard/parameter_range.h"
#include "trainer/transport/event_loop.h"
#include "trainer/transport/socket_pair.h"

namespace krige::trainer {
namespace {

constexpr std::uint64_t kJob = 1;
constexpr std::uint32_t kWorkers = 2;
constexpr Millis kDeadline{60'000};

double microseconds(MonotonicTime from, MonotonicTime to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

[[noreturn]] void give_up(std::string_view why) {
  fmt::print(stderr, "data_plane_bench: {}\n", why);
  std::_Exit(1);
}

template <typename T>
T value_of(Result<T> result) {
  if (!result) give_up(result.error().message);
  return std::move(result).value();
}

// A child that runs `body` and ends; dies with this process.
template <typename Body>
pid_t start(Body body) {
  const pid_t pid = ::fork();
  if (pid < 0) give_up("cannot fork");
  if (pid > 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  body();
  std::_Exit(0);
}

// Memory that children see; its owner unmaps it by ending.
template <typename T>
T* shared(std::size_t count) {
  void* memory = ::mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) give_up("no memory");
  return static_cast<T*>(memory);
}

struct Summary {
  double least;
  double median;
};
Summary summary_of(std::vector<double> values) {
  std::ranges::sort(values);
  return {values.front(), values[values.size() / 2]};
}
OrderedJson to_json(const Summary& s) { return {{"min_us", s.least}, {"median_us", s.median}}; }

// --- floors
// -----------------------------------------------------------------------------------------------------------

Summary copying(std::size_t bytes, int rounds) {
  std::vector<float> from(bytes / sizeof(float), 1.0F);
  std::vector<float> to(from.size());
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const MonotonicTime begin = system_clock().now();
    std::memcpy(to.data(), from.data(), bytes);
    asm volatile("" ::"r"(to.data()) : "memory");
    times.push_back(microseconds(begin, system_clock().now()));
  }
  return summary_of(times);
}

void wait_for(std::atomic<std::uint32_t>& word, std::uint32_t value) {
  const timespec patience{10, 0};
  while (word.load(std::memory_order_acquire) != value)
    ::syscall(SYS_futex, &word, FUTEX_WAIT, value - 1, &patience, nullptr, 0);
}
void ring(std::atomic<std::uint32_t>& word, std::uint32_t value) {
  word.store(value, std::memory_order_release);
  ::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

Summary futex_round_trip(std::uint32_t rounds) {
  auto* words = shared<std::atomic<std::uint32_t>>(64);
  const pid_t peer = start([=] {
    for (std::uint32_t i = 1; i <= rounds; ++i) {
      wait_for(words[0], i);
      ring(words[32], i);
    }
  });
  std::vector<double> times;
  for (std::uint32_t i = 1; i <= rounds; ++i) {
    const MonotonicTime begin = system_clock().now();
    ring(words[0], i);
    wait_for(words[32], i);
    times.push_back(microseconds(begin, system_clock().now()));
  }
  ::waitpid(peer, nullptr, 0);
  return summary_of(times);
}

// An eventfd in epoll: what a doorbell costs that an event loop can wait for together with sockets and timers.
Summary eventfd_round_trip(int rounds) {
  const int there = ::eventfd(0, EFD_NONBLOCK);
  const int back = ::eventfd(0, EFD_NONBLOCK);
  const auto wait_on = [](int epoll, int fd) {
    epoll_event event{};
    std::uint64_t count = 0;
    while (::read(fd, &count, sizeof count) < 0)
      if (::epoll_wait(epoll, &event, 1, 10'000) <= 0) give_up("nobody rings");
  };
  const auto epoll_on = [](int fd) {
    const int epoll = ::epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    return epoll;
  };
  const std::uint64_t one = 1;
  const auto ring_at = [&](int fd) {
    if (::write(fd, &one, sizeof one) < 0) give_up("cannot ring");
  };
  const pid_t peer = start([&] {
    const int epoll = epoll_on(there);
    for (int i = 0; i < rounds; ++i) {
      wait_on(epoll, there);
      ring_at(back);
    }
  });
  const int epoll = epoll_on(back);
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const MonotonicTime begin = system_clock().now();
    ring_at(there);
    wait_on(epoll, back);
    times.push_back(microseconds(begin, system_clock().now()));
  }
  ::waitpid(peer, nullptr, 0);
  for (const int fd : {there, back, epoll}) ::close(fd);
  return summary_of(times);
}

// --- the data plane
// ---------------------------------------------------------------------------------------------------

struct Link {
  SocketPair sockets;
  UniqueFd memory;
};

Link make_link(Transport transport) {
  Link link{value_of(make_socket_pair(transport)), {}};
  if (transport == Transport::shared_memory) link.memory = value_of(SharedSlots::create());
  return link;
}

std::optional<SharedSlots> slots_of(const Link& link, SharedSlots::Side side, std::size_t keys) {
  if (!link.memory) return std::nullopt;
  return value_of(SharedSlots::open(link.memory, side, keys * sizeof(float)));
}

TrainJob job_for(std::uint64_t rounds) {
  TrainJob job;
  job.mode = TrainMode::asp;
  job.workers = kWorkers;
  job.batch_size = 1;
  job.epochs = static_cast<std::int64_t>(rounds) + 1;
  job.learning_rate = 1e-3;
  return job;
}

class Server final : public ShardPeers {
 public:
  Server(std::vector<Link>& links, std::size_t keys, std::uint64_t rounds)
      : start_(keys, 1.0F), range_(job_for(rounds), Begin{kWorkers, {}, start_}, *this) {
    for (Link& link : links) {
      auto slots = slots_of(link, SharedSlots::Side::taker, keys);
      workers_.push_back(
          loop_.open(std::move(link.sockets.first),
                     {[this](const Frame& frame) { return on_frame(frame); }, [this](const Error&) { ++gone_; }},
                     std::move(slots)));
    }
  }
  void run() {
    loop_.run_until([this] { return gone_ == kWorkers; });
  }
  void send_weights(std::uint32_t worker, const Weights& weights) override { workers_[worker]->send(kJob, weights); }
  void send_snapshot(const Snapshot&) override {}
  void send_state(const State&) override {}

 private:
  Status on_frame(const Frame& frame) {
    if (frame.type == MessageType::pull) {
      KRIGE_TRY(const Pull pull, decode<Pull>(frame));
      return range_.pull(pull);
    }
    KRIGE_TRY(const Push push, decode<Push>(frame));
    return range_.push(push);
  }

  Floats start_;
  EventLoop loop_;
  ParameterRange range_;
  std::vector<std::unique_ptr<Channel>> workers_;
  std::uint32_t gone_ = 0;
};

void work(Link& link, std::optional<SharedSlots> slots, std::uint32_t worker, std::size_t keys, std::uint64_t rounds,
          double* times) {
  EventLoop loop;
  Floats weights(keys);
  Floats gradient(keys, 1e-3F);
  std::uint64_t clock = 0;
  bool there = false;
  const auto channel = loop.open(std::move(link.sockets.second),
                                 {[&](const Frame& frame) -> Status {
                                    KRIGE_TRY(const Weights message, decode<Weights>(frame));
                                    std::ranges::copy(message.weights, weights.begin());
                                    there = true;
                                    return {};
                                  },
                                  [](const Error& error) { give_up(error.message); }},
                                 std::move(slots));
  loop.every(kDeadline, [] { give_up("no answer"); });
  const auto wait = [&] {
    loop.run_until([&] { return there; });
    there = false;
  };
  channel->send(kJob, Pull{worker, 0, 0, 0});
  wait();
  for (; clock < rounds; ++clock) {
    const MonotonicTime begin = system_clock().now();
    Push push;
    push.worker = worker;
    push.sequence = push.clock = clock;
    push.rows = 1;
    push.nodes = {{0, 0}};
    const std::span<const float> body(gradient);
    channel->send(kJob, push, {&body, 1});
    wait();
    times[clock] = microseconds(begin, system_clock().now());
  }
}

// The round trips of the first `active` workers.
Summary round_trips(Transport transport, std::size_t keys, std::uint64_t rounds, std::uint32_t active) {
  std::vector<Link> links;
  for (std::uint32_t w = 0; w < kWorkers; ++w) links.push_back(make_link(transport));
  auto* times = shared<double>(kWorkers * rounds);
  std::vector<pid_t> children;
  // The makers come first, and say so.
  Pipe sized = value_of(make_pipe());
  for (std::uint32_t w = 0; w < kWorkers; ++w)
    children.push_back(start([&] {
      for (std::uint32_t other = 0; other < kWorkers; ++other) {
        links[other].sockets.first.reset();
        if (other != w) links[other].sockets.second.reset();
      }
      auto slots = slots_of(links[w], SharedSlots::Side::maker, keys);
      if (::write(sized.write.get(), "x", 1) != 1) give_up("cannot tell");
      if (w < active) work(links[w], std::move(slots), w, keys, rounds, times + w * rounds);
    }));
  char byte = 0;
  for (std::uint32_t w = 0; w < kWorkers; ++w)
    if (::read(sized.read.get(), &byte, 1) != 1) give_up("a worker died");
  children.push_back(start([&] {
    for (Link& link : links) link.sockets.second.reset();
    Server(links, keys, rounds).run();
  }));
  links.clear();
  bool failed = false;
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    failed |= status != 0;
  }
  if (failed) give_up("a process failed");
  std::vector<double> all;
  for (std::uint32_t w = 0; w < active; ++w)
    all.insert(all.end(), times + w * rounds + rounds / 10, times + (w + 1) * rounds);
  ::munmap(times, kWorkers * rounds * sizeof(double));
  return summary_of(all);
}

OrderedJson measure(double scale) {
  OrderedJson report{{"benchmark", "data_plane"}};
  const auto rounds_for = [&](double rounds) { return static_cast<std::uint64_t>(std::max(20.0, rounds * scale)); };
  report["floor"]["futex_round_trip"] = to_json(futex_round_trip(static_cast<std::uint32_t>(rounds_for(20'000))));
  report["floor"]["eventfd_epoll_round_trip"] = to_json(eventfd_round_trip(static_cast<int>(rounds_for(20'000))));
  struct Size {
    std::size_t bytes;
    double rounds;
    double target_us;
  };
  for (const Size& size : {Size{4'000, 10'000, 20}, Size{400'000, 2'000, 150}, Size{4'000'000, 200, 3000}}) {
    const std::size_t keys = size.bytes / sizeof(float);
    const std::uint64_t rounds = rounds_for(size.rounds);
    const Summary copy = copying(size.bytes, static_cast<int>(rounds));
    OrderedJson row{{"bytes", size.bytes},
                    {"target_us", size.target_us},
                    {"memcpy", to_json(copy)},
                    {"memcpy_gb_per_s", static_cast<double>(size.bytes) / copy.median / 1e3}};
    for (const auto& [name, transport] :
         {std::pair("shm", Transport::shared_memory), {"unix", Transport::unix_sockets}, {"tcp", Transport::tcp}}) {
      row[name]["alone"] = to_json(round_trips(transport, keys, rounds, 1));
      row[name]["both"] = to_json(round_trips(transport, keys, rounds, 2));
    }
    report["push_pull"].push_back(row);
  }
  return report;
}

}  // namespace
}  // namespace krige::trainer

int main(int argc, char** argv) {
  CLI::App app("Push and pull between processes, and the floors of this machine");
  double scale = 1;
  app.add_option("--scale", scale, "Rounds, as a multiple of the default")->check(CLI::Range(0.001, 1000.0));
  CLI11_PARSE(app, argc, argv);
  std::puts(krige::trainer::measure(scale).dump(2).c_str());
  return 0;
}
