// What the service does under load: durable completes a second of many clients, how long calls take, what a long study
// costs. Against the real `krige serve` with its store on disk. JSON on standard output.
//
//   service_throughput_bench [--clients 32] [--seconds 5] [--trials 10000] [--gp-trials 1000] [--dir DIR]
//
//   random     clients ask for a trial and complete it, as fast as they can
//   with_gp    the same, while a client of another study, of method gp and --gp-trials trials, asks for suggestions
//   in_gp      the clients complete trials of that gp study, whose points were enqueued, while it makes suggestions
//   crowded    one client alone, while 256 event streams, 64 idle connections and a slow sender are there
//   pages      of a study of --trials trials, one client alone and then beside the load of `random`
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "bench/service_client.h"

namespace krige::bench {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

struct Options {
  int clients = 32;
  double seconds = 5;
  std::int64_t trials = 10'000;
  std::int64_t gp_trials = 1'000;
  std::string dir = fs::temp_directory_path();
};

// `krige serve` over a folder of its own, which goes with it.
class Service {
 public:
  static Result<std::unique_ptr<Service>> start(const std::string& dir) {
    auto service = std::unique_ptr<Service>(new Service);
    std::string name = dir + "/krige_service_XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) return fail_errno(errno, "cannot make a folder in " + dir);
    service->folder_ = name;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "cannot make a pipe");
    const UniqueFd output(ends[0]);
    UniqueFd input(ends[1]);
    const std::string krige = fs::read_symlink("/proc/self/exe").parent_path() / "krige";
    service->pid_ = ::fork();
    if (service->pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(input.get(), STDOUT_FILENO);
      ::execl(krige.c_str(), "krige", "serve", "--listen", "127.0.0.1:0", "--data-dir", name.c_str(), nullptr);
      ::_exit(127);
    }
    input.reset();
    if (service->pid_ < 0) return fail_errno(errno, "cannot fork");
    std::string line;
    for (char c = 0; line.find('\n') == std::string::npos && ::read(output.get(), &c, 1) == 1;) line += c;
    const auto port = line.find("http://127.0.0.1:");
    if (port == std::string::npos) return fail(ErrorCode::process_failed, krige + " serve did not start");
    service->port_ = std::stoi(line.substr(port + 17));
    return service;
  }
  ~Service() {
    if (pid_ > 0) {
      ::kill(pid_, SIGTERM);
      ::waitpid(pid_, nullptr, 0);
    }
    std::error_code error;
    fs::remove_all(folder_, error);
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] ServiceClient client() const {
    std::string token;
    std::ifstream(folder_ / "token") >> token;  // there when the service asks who calls
    return {port_, token};
  }
  // VmRSS, VmHWM.
  [[nodiscard]] double megabytes(const std::string& of) const {
    std::ifstream status(fmt::format("/proc/{}/status", pid_));
    for (std::string line; std::getline(status, line);)
      if (line.starts_with(of + ":")) return std::stod(line.substr(of.size() + 1)) / 1024;
    return 0;
  }

 private:
  Service() = default;
  fs::path folder_;
  pid_t pid_ = -1;
  int port_ = 0;
};

class Latencies {
 public:
  template <typename Call>
  auto time(const Call& call) {
    const auto begin = steady_clock::now();
    auto result = call();
    const double took = Milliseconds(steady_clock::now() - begin).count();
    const std::lock_guard lock(mutex_);
    values_.push_back(took);
    return result;
  }
  [[nodiscard]] OrderedJson json() {
    const std::lock_guard lock(mutex_);
    if (values_.empty()) return nullptr;
    std::ranges::sort(values_);
    const auto at = [&](double part) {
      return values_[static_cast<std::size_t>(part * static_cast<double>(values_.size() - 1))];
    };
    return {{"count", values_.size()}, {"p50_ms", at(.5)}, {"p99_ms", at(.99)}, {"max_ms", values_.back()}};
  }

 private:
  std::mutex mutex_;
  std::vector<double> values_;
};

OrderedJson study_file(const std::string& method) {
  return {{"name", method},
          {"method", method},
          {"seed", 1},
          {"parameters",
           {{"x", {{"min", 0.0}, {"max", 1.0}}},
            {"rate", {{"min", 1e-5}, {"max", 1.0}, {"scale", "log"}}},
            {"layers", {{"min", 1}, {"max", 8}}}}}};
}

double value_of(const OrderedJson& params) {
  const double x = params["x"].get<double>();
  return (x - 0.3) * (x - 0.3);
}

std::string path_of(const std::string& study) { return "/api/v1/studies/" + study; }

std::string must(Result<OrderedJson> answer) {
  if (!answer) throw std::runtime_error(answer.error().describe());
  return answer->value("id", OrderedJson("")).is_string() ? (*answer)["id"].get<std::string>() : "";
}

// What every client of a load shares.
struct Load {
  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> completed = 0;
  std::atomic<std::int64_t> failed = 0;
  Latencies suggest;
  Latencies complete;
};

// Asks for a trial and completes it, until told to stop or none is left.
void work(ServiceClient client, const std::string& study, const std::string& name, Load& load) {
  const std::string trials = path_of(study) + "/trials";
  const std::string ask = dump(OrderedJson{{"client_id", name}});
  while (!load.stop) {
    const auto suggested = load.suggest.time([&] { return client.call("POST", trials + ":suggest", ask); });
    if (!suggested || suggested->status / 100 != 2) {
      ++load.failed;
      continue;
    }
    const OrderedJson answer = parse_json(suggested->body).value_or(OrderedJson::object());
    for (const OrderedJson& trial : answer.value("trials", OrderedJson::array())) {
      const OrderedJson done{{"token", trial["attempt"]["token"]}, {"value", value_of(trial["params"])}};
      const std::string path = fmt::format("{}/{}:complete", trials, trial["id"].get<std::int64_t>());
      const auto ended = load.complete.time([&] { return client.call("POST", path, dump(done)); });
      ++(ended && ended->status == 200 ? load.completed : load.failed);
    }
  }
}

// Runs the clients for a time, with `beside` meanwhile.
OrderedJson run_load(const Service& service, const Options& options, const std::string& study,
                     const std::function<void()>& beside = {}) {
  Load load;
  const auto begin = steady_clock::now();
  std::vector<std::jthread> clients;
  for (int i = 0; i < options.clients; ++i)
    clients.emplace_back([&, i] { work(service.client(), study, fmt::format("w{}", i), load); });
  const auto end =
      begin + std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(options.seconds));
  while (beside && steady_clock::now() < end) beside();
  std::this_thread::sleep_until(end);
  load.stop = true;
  const std::int64_t completed = load.completed;
  const double seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
  clients.clear();
  return {{"completes_per_second", static_cast<double>(completed) / seconds},
          {"failed", load.failed.load()},
          {"suggest", load.suggest.json()},
          {"complete", load.complete.json()},
          {"server_rss_mb", service.megabytes("VmRSS")}};
}

// Trials that have ended elsewhere, or points to be tried.
void add_trials(const Service& service, const Options& options, const std::string& study, std::int64_t count,
                bool ended) {
  std::atomic<std::int64_t> next = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < options.clients; ++i) {
    clients.emplace_back([&] {
      ServiceClient client = service.client();
      for (std::int64_t k = next++; k < count; k = next++) {
        const double x = static_cast<double>(k) / static_cast<double>(count);
        OrderedJson params{{"x", x}, {"rate", 1e-5 + 0.9 * std::fmod(x * 7919, 1.0)}, {"layers", 1 + k % 8}};
        OrderedJson body{{"params", params}};
        if (ended) body["value"] = value_of(params);
        must(client.ask("POST", path_of(study) + "/trials", body));
      }
    });
  }
}

OrderedJson measure_pages(const Service& service, const std::string& study, std::int64_t trials, int calls) {
  ServiceClient client = service.client();
  const auto measure = [&](const std::string& what) {
    Latencies latencies;
    for (int i = 0; i < calls; ++i) static_cast<void>(latencies.time([&] { return client.call("GET", what); }));
    return latencies.json();
  };
  const std::string path = path_of(study);
  return {{"trials", trials},
          {"study", measure(path)},
          {"first_100", measure(path + "/trials?page_size=100")},
          {"last_100", measure(fmt::format("{}/trials?page_size=100&page_token={}", path, trials - 100))},
          {"first_1000", measure(path + "/trials?page_size=1000")},
          {"running_100", measure(path + "/trials?page_size=100&state=RUNNING")},
          {"server_rss_mb", service.megabytes("VmRSS")}};
}

OrderedJson measure_crowded(const Service& service, const std::string& study) {
  std::vector<ServiceClient> crowd;
  const auto join = [&](const std::string& request) {
    if (const Status begun = crowd.emplace_back(service.client()).begin(request); !begun)
      throw std::runtime_error(begun.error().describe());
  };
  for (int i = 0; i < 256; ++i) join(fmt::format("GET {}/events", path_of(study)));
  for (int i = 0; i < 64; ++i) join("");
  join("POST /api/v1/studies");
  ServiceClient client = service.client();
  Latencies get, suggest, complete;
  for (int i = 0; i < 500; ++i) {
    static_cast<void>(get.time([&] { return client.call("GET", path_of(study)); }));
    const std::string trials = path_of(study) + "/trials";
    const auto given = suggest.time([&] { return client.ask("POST", trials + ":suggest", {{"client_id", "w"}}); });
    if (!given) throw std::runtime_error(given.error().describe());
    const OrderedJson& trial = given->at("trials").at(0);
    const OrderedJson done{{"token", trial["attempt"]["token"]}, {"value", 0.5}};
    const std::string path = fmt::format("{}/{}:complete", trials, trial["id"].get<std::int64_t>());
    static_cast<void>(complete.time([&] { return client.call("POST", path, dump(done)); }));
  }
  return {{"get_study", get.json()}, {"suggest", suggest.json()}, {"complete", complete.json()}};
}

OrderedJson measure(const Options& options) {
  const Result<std::unique_ptr<Service>> started = Service::start(options.dir);
  if (!started) throw std::runtime_error(started.error().describe());
  const Service& service = **started;
  ServiceClient client = service.client();
  const auto make = [&](const std::string& method) {
    return must(client.ask("POST", "/api/v1/studies", study_file(method)));
  };
  OrderedJson out{{"clients", options.clients}, {"seconds", options.seconds}};
  out["random"] = run_load(service, options, make("random"));
  out["crowded"] = measure_crowded(service, make("random"));
  if (options.gp_trials > 0) {
    const std::string gp = make("gp");
    add_trials(service, options, gp, options.gp_trials, true);
    std::int64_t suggested = 0;
    const auto suggest = [&] {
      const auto answer = client.ask("POST", path_of(gp) + "/trials:suggest", {{"count", 1}});
      suggested += answer && !(*answer)["trials"].empty() ? 1 : 0;
    };
    suggest();
    suggested = 0;
    out["with_gp"] = run_load(service, options, make("random"), suggest);
    out["with_gp"]["gp_suggestions"] = suggested;
    add_trials(service, options, gp, static_cast<std::int64_t>(5000 * options.seconds), false);
    out["in_gp"] = run_load(service, options, gp);
  }
  if (options.trials > 0) {
    const std::string big = make("random");
    const auto begin = steady_clock::now();
    add_trials(service, options, big, options.trials, true);
    out["imports_per_second"] =
        static_cast<double>(options.trials) / std::chrono::duration<double>(steady_clock::now() - begin).count();
    constexpr int kCalls = 300;
    out["pages"] = measure_pages(service, big, options.trials, kCalls);
    run_load(service, options, make("random"), [&, done = false]() mutable {
      if (!done) out["pages_under_load"] = measure_pages(service, big, options.trials, kCalls);
      done = true;
    });
  }
  out["server_peak_mb"] = service.megabytes("VmHWM");
  return out;
}

}  // namespace
}  // namespace krige::bench

int main(int argc, char** argv) {
  krige::bench::Options options;
  CLI::App app("What the service does under load");
  app.add_option("--clients", options.clients, "keep-alive clients")->check(CLI::Range(1, 256));
  app.add_option("--seconds", options.seconds, "of each load");
  app.add_option("--trials", options.trials, "of the study whose pages are read; 0: leave that out");
  app.add_option("--gp-trials", options.gp_trials, "of the gp study; 0: leave that out");
  app.add_option("--dir", options.dir, "where the store is made: on the disk that counts");
  CLI11_PARSE(app, argc, argv);
  try {
    krige::OrderedJson out = krige::bench::measure(options);
    std::puts(out.dump(2).c_str());
    return 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "error: {}\n", e.what());
    return 1;
  }
}
