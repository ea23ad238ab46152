// What the service does under load: durable completes a second of many clients, how long calls take, what a long study
// costs. Against the real `krige serve` with its store on disk; every figure that docs/performance.md has of it, as
// JSON on standard output, in less than two minutes.
//
//   service_throughput_bench [--clients 32] [--seconds 3] [--rounds 3] [--dir DIR]
//                            [--gp-trials 1000] [--trials 10000] [--most-trials 100000]
//
//   completes  clients ask for trials of a study of method random and complete them, as fast as they can: `alone`, then
//              `with_gp`, while another study, of method gp and --gp-trials trials, is asked for suggestions; in turn,
//              --rounds times, of which the best counts, and the ratio of the two round by round
//   in_gp      the clients complete trials of that gp study, whose points were enqueued, while it makes suggestions
//   crowd      one client alone, while 256 event streams, 64 idle connections and a slow sender are there
//   pages      of a study of --trials trials, one client alone, and then beside the load of `alone`
//   model      of the gp study: what the page of the model asks for
//   long       a service that holds a study of --most-trials trials: its start, its first page, its memory
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bench/service_client.h"
#include "bench/service_crowd.h"
#include "bench/service_process.h"
#include "bench/service_store.h"

namespace krige::bench {
namespace {

using std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

struct Options {
  int clients = 32;
  double seconds = 3;
  int rounds = 3;
  std::string dir = std::filesystem::temp_directory_path();
  std::int64_t gp_trials = 1'000;
  std::int64_t trials = 10'000;
  std::int64_t most_trials = 100'000;
};

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().describe());
  return *std::move(result);
}

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

std::string path_of(const StudyId& study) { return "/api/v1/studies/" + study; }

double value_of(const OrderedJson& params) {
  const double x = params["x"].get<double>();
  return (x - 0.3) * (x - 0.3);
}

StudyId make_study(const ServiceProcess& service, const std::string& method) {
  ServiceClient client = service.client();
  const OrderedJson file = must(parse_json(study_file(method)));
  return must(client.ask("POST", "/api/v1/studies", file))["id"].get<std::string>();
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
void work(ServiceClient client, const StudyId& study, const std::string& name, Load& load) {
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

// Runs the clients for a time, with `beside` meanwhile, again and again.
OrderedJson run_load(const ServiceProcess& service, const Options& options, const StudyId& study,
                     const std::function<void()>& beside = {}) {
  Load load;
  const double cpu = service.cpu_seconds();
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
  const double used = service.cpu_seconds() - cpu;
  clients.clear();
  return {{"completes_per_second", static_cast<double>(completed) / seconds},
          {"server_cpu_us_each", 1e6 * used / static_cast<double>(std::max<std::int64_t>(completed, 1))},
          {"failed", load.failed.load()},
          {"suggest", load.suggest.json()},
          {"complete", load.complete.json()}};
}

// Asks a gp study for suggestions, and never tells it a result.
class Suggesting {
 public:
  Suggesting(const ServiceProcess& service, const StudyId& gp) : client_(service.client()), gp_(gp) {}
  void operator()() {
    const auto answer = suggest_.time([&] {
      return client_.ask("POST", path_of(gp_) + "/trials:suggest", {{"count", 1}, {"timeout_ms", 30'000}});
    });
    given_ += answer && !(*answer)["trials"].empty() ? 1 : 0;
  }
  [[nodiscard]] OrderedJson json() {
    OrderedJson out = suggest_.json();
    out["given"] = given_;
    return out;
  }

 private:
  ServiceClient client_;
  StudyId gp_;
  Latencies suggest_;
  int given_ = 0;
};

OrderedJson measure_completes(const ServiceProcess& service, const Options& options, const StudyId& gp) {
  Suggesting(service, gp)();  // its first fit
  OrderedJson alone, with_gp, ratios = OrderedJson::array();
  const auto rate = [](const OrderedJson& load) { return load.value("completes_per_second", 0.0); };
  for (int round = 0; round < options.rounds; ++round) {
    OrderedJson first = run_load(service, options, make_study(service, "random"));
    Suggesting suggesting(service, gp);
    OrderedJson second = run_load(service, options, make_study(service, "random"), [&] { suggesting(); });
    second["gp_suggest"] = suggesting.json();
    ratios.push_back(rate(second) / rate(first));
    if (alone.is_null() || rate(first) > rate(alone)) alone = std::move(first);
    if (with_gp.is_null() || rate(second) > rate(with_gp)) with_gp = std::move(second);
  }
  return {{"alone", std::move(alone)}, {"with_gp", std::move(with_gp)}, {"with_gp_to_alone", std::move(ratios)}};
}

// Points to be tried, more than the load can take.
void enqueue(const ServiceProcess& service, const Options& options, const StudyId& study) {
  const auto count = static_cast<std::int64_t>(10'000 * options.seconds);
  std::atomic<std::int64_t> next = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < options.clients; ++i) {
    clients.emplace_back([&] {
      ServiceClient client = service.client();
      for (std::int64_t k = next++; k < count; k = next++) {
        const double x = static_cast<double>(k) / static_cast<double>(count);
        const OrderedJson params{{"x", x}, {"rate", 1e-5 + 0.9 * std::fmod(x * 7919, 1.0)}, {"layers", 1 + k % 8}};
        must(client.ask("POST", path_of(study) + "/trials", OrderedJson{{"params", params}}));
      }
    });
  }
}

OrderedJson measure_call(const ServiceProcess& service, const std::string& what, int calls) {
  ServiceClient client = service.client();
  Latencies latencies;
  std::size_t bytes = 0;
  for (int i = 0; i < calls; ++i) {
    const auto answer = latencies.time([&] { return client.call("GET", what); });
    if (!answer || answer->status != 200) throw std::runtime_error("no answer to GET " + what);
    bytes = answer->body.size();
  }
  OrderedJson out = latencies.json();
  out["bytes"] = bytes;
  return out;
}

OrderedJson measure_pages(const ServiceProcess& service, const StudyId& study, std::int64_t trials, int calls) {
  const std::string path = path_of(study);
  const auto measure = [&](const std::string& what) { return measure_call(service, path + what, calls); };
  return {{"study", measure("")},
          {"first_100", measure("/trials?page_size=100")},
          {"last_100", measure(fmt::format("/trials?page_size=100&page_token={}", trials - 99))},
          {"best_100", measure("/trials?page_size=100&order_by=value")},
          {"first_1000", measure("/trials?page_size=1000")},
          {"one", measure(fmt::format("/trials/{}", trials))},
          {"curves", measure("/curves")}};
}

OrderedJson measure_model(const ServiceProcess& service, const StudyId& gp) {
  constexpr int kCalls = 10;
  const auto measure = [&](const std::string& what) {
    return measure_call(service, path_of(gp) + "/surrogate:" + what, kCalls);
  };
  return {{"slice", measure("slice")},
          {"contour", measure("contour?x=x&y=rate")},
          {"trust", measure("trust")},
          {"importance", measure("importance")}};
}

OrderedJson measure_crowd(const ServiceProcess& service, const StudyId& study) {
  constexpr int kCalls = 500;
  ServiceClient client = service.client();
  ServiceCrowd crowd(service, study, {});
  Latencies all, get, suggest, complete;
  const auto time = [&](Latencies& of, const auto& call) {
    return all.time([&] { return of.time([&] { return must(call()); }); });
  };
  const auto begin = steady_clock::now();
  for (int i = 0; i < kCalls; ++i) {
    time(get, [&] { return client.call("GET", path_of(study)); });
    const std::string trials = path_of(study) + "/trials";
    const OrderedJson given = time(suggest, [&] {
      return client.ask("POST", trials + ":suggest", {{"client_id", "w"}});
    });
    const OrderedJson& trial = given.at("trials").at(0);
    const OrderedJson done{{"token", trial["attempt"]["token"]}, {"value", 0.5}};
    const std::string path = fmt::format("{}/{}:complete", trials, trial["id"].get<std::int64_t>());
    time(complete, [&] { return client.call("POST", path, dump(done)); });
  }
  const double seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
  return {{"all", all.json()},
          {"get_study", get.json()},
          {"suggest", suggest.json()},
          {"complete", complete.json()},
          {"streams_mb_per_second", static_cast<double>(crowd.received_bytes()) / 1e6 / seconds},
          {"streams_lost", crowd.lost_streams()}};
}

OrderedJson measure_long(const Options& options) {
  constexpr int kCalls = 100;
  const ServiceFolder empty_folder(options.dir), folder(options.dir);
  const auto empty = must(ServiceProcess::start(empty_folder.path()));
  const StudyId study = must(add_long_study(folder.path(), {.trials = options.most_trials}));
  const auto begin = steady_clock::now();
  const auto service = must(ServiceProcess::start(folder.path()));
  const double start = Milliseconds(steady_clock::now() - begin).count();
  const double after_start = service->megabytes("VmRSS");
  OrderedJson out{{"trials", options.most_trials}, {"start_ms", start}};
  out["first_page"] = measure_call(*service, path_of(study) + "/trials?page_size=100", kCalls);
  out["pages"] = measure_pages(*service, study, options.most_trials, kCalls);
  out["server_rss_mb"] = service->megabytes("VmRSS");
  out["server_peak_mb"] = service->megabytes("VmHWM");
  out["bytes_per_trial"] =
      (after_start - empty->megabytes("VmRSS")) * 1024 * 1024 / static_cast<double>(options.most_trials);
  return out;
}

OrderedJson measure(const Options& options) {
  constexpr int kCalls = 200;
  const ServiceFolder folder(options.dir);
  const StudyId gp = must(add_long_study(folder.path(), {.method = "gp", .trials = options.gp_trials}));
  const StudyId pages =
      must(add_long_study(folder.path(), {.trials = options.trials, .with_curves = 100, .records = 100}));
  const auto service = must(ServiceProcess::start(folder.path()));
  OrderedJson out{
      {"clients", options.clients}, {"seconds", options.seconds}, {"cores", std::thread::hardware_concurrency()}};
  out["completes"] = measure_completes(*service, options, gp);
  out["crowd"] = measure_crowd(*service, make_study(*service, "random"));
  out["pages"] = measure_pages(*service, pages, options.trials, kCalls);
  run_load(*service, options, make_study(*service, "random"), [&, done = false]() mutable {
    if (!done) out["pages_under_load"] = measure_pages(*service, pages, options.trials, kCalls);
    done = true;
  });
  out["model"] = measure_model(*service, gp);
  enqueue(*service, options, gp);
  out["in_gp"] = run_load(*service, options, gp);
  out["server_peak_mb"] = service->megabytes("VmHWM");
  out["long"] = measure_long(options);
  return out;
}

}  // namespace
}  // namespace krige::bench

int main(int argc, char** argv) {
  krige::bench::Options options;
  CLI::App app("What the service does under load");
  app.add_option("--clients", options.clients, "keep-alive clients")->check(CLI::Range(1, 256));
  app.add_option("--seconds", options.seconds, "of each load");
  app.add_option("--rounds", options.rounds, "of the loads alone and beside gp")->check(CLI::Range(1, 100));
  app.add_option("--dir", options.dir, "where the stores are made: on the disk that counts");
  app.add_option("--gp-trials", options.gp_trials, "of the gp study")->check(CLI::Range(10, 5'000));
  app.add_option("--trials", options.trials, "of the study whose pages are read")->check(CLI::Range(1'000, 1'000'000));
  app.add_option("--most-trials", options.most_trials, "of the long study")->check(CLI::Range(1'000, 10'000'000));
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
