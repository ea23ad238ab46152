#include "server/metrics/metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <vector>

#include "server/metrics/process.h"

namespace krige::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

prometheus::Histogram::BucketBoundaries bounds() {
  return {LatencyHistogram::kBounds.begin(), LatencyHistogram::kBounds.end()};
}

MetricFamily family(std::string name, std::string help, MetricType type) {
  MetricFamily made;
  made.name = std::move(name);
  made.help = std::move(help);
  made.type = type;
  return made;
}

MetricFamily gauge(std::string name, std::string help, double value) {
  MetricFamily made = family(std::move(name), std::move(help), MetricType::Gauge);
  made.metric.emplace_back().gauge.value = value;
  return made;
}

// Of all states, also of those that nothing is in: who watches a series must see it begin at 0.
template <typename State>
MetricFamily by_state(std::string name, std::string help, State last, std::map<State, std::int64_t> counts) {
  for (int state = 0; state <= static_cast<int>(last); ++state) counts.try_emplace(static_cast<State>(state), 0);
  MetricFamily made = family(std::move(name), std::move(help), MetricType::Gauge);
  for (const auto& [state, count] : counts) {
    ClientMetric& metric = made.metric.emplace_back();
    metric.label = {{"state", std::string(tuner::name(state))}};
    metric.gauge.value = static_cast<double>(count);
  }
  return made;
}

ClientMetric to_metric(const LatencyHistogram& histogram, const std::string& operation) {
  const LatencyHistogram::Snapshot seen = histogram.read();
  ClientMetric metric;
  metric.label = {{"operation", operation}};
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < seen.counts.size(); ++i) {
    total += seen.counts[i];
    const bool last = i == LatencyHistogram::kBounds.size();
    metric.histogram.bucket.push_back(
        {total, last ? std::numeric_limits<double>::infinity() : LatencyHistogram::kBounds[i]});
  }
  metric.histogram.sample_count = total;
  metric.histogram.sample_sum = seen.sum;
  return metric;
}

MetricFamily refused(const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
  MetricFamily made = family("krige_refused_total", "Turned away by a bound of the service", MetricType::Counter);
  for (const auto& [bound, count] : counts) {
    ClientMetric& metric = made.metric.emplace_back();
    metric.label = {{"bound", bound}};
    metric.counter.value = static_cast<double>(count);
  }
  return made;
}

void add_studies(const tuner::Engine& engine, std::vector<MetricFamily>& families) {
  std::map<tuner::StudyState, std::int64_t> studies;
  std::map<tuner::TrialState, std::int64_t> trials;
  for (const tuner::StudyView& study : engine.studies()) {
    ++studies[study.row.state];
    for (const auto& [state, count] : study.trial_counts) trials[state] += count;
  }
  families.push_back(by_state("krige_studies", "Studies by state", tuner::StudyState::failed, std::move(studies)));
  families.push_back(
      by_state("krige_trials", "Trials of all studies by state", tuner::TrialState::cancelled, std::move(trials)));
}

void add_process(std::vector<MetricFamily>& families) {
  const ProcessFigures figures = read_process_figures();
  MetricFamily cpu = family("process_cpu_seconds_total", "Processor time of the service itself", MetricType::Counter);
  cpu.metric.emplace_back().counter.value = figures.cpu_seconds;
  families.push_back(std::move(cpu));
  families.push_back(gauge("process_resident_memory_bytes", "Resident memory of the service", figures.resident_bytes));
  families.push_back(gauge("process_open_fds", "Open file descriptors", figures.open_descriptors));
  families.push_back(gauge("process_threads", "Threads of the service", figures.threads));
  families.push_back(gauge("process_start_time_seconds", "When it started, since 1970", figures.start_seconds));
  families.push_back(gauge("krige_attempt_processes",
                           "Processes that run attempts: supervisors, workers, shards, programs", figures.descendants));
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                          .Name("krige_http_requests_total")
                                                          .Help("Requests that were answered")
                                                          .Register(registry);
  prometheus::Family<prometheus::Histogram>& request_seconds = prometheus::BuildHistogram()
                                                                   .Name("krige_http_request_seconds")
                                                                   .Help("Time until a request was answered")
                                                                   .Register(registry);
  prometheus::Histogram& suggest_seconds = prometheus::BuildHistogram()
                                               .Name("krige_suggest_seconds")
                                               .Help("Time until a suggest that gave trials was answered")
                                               .Register(registry)
                                               .Add({}, bounds());
  prometheus::Family<prometheus::Counter>& deliveries = prometheus::BuildCounter()
                                                            .Name("krige_webhook_deliveries_total")
                                                            .Help(
                                                                "Tries to deliver a message: delivered, failed (tried "
                                                                "again) or given_up")
                                                            .Register(registry);
  prometheus::Family<prometheus::Histogram>& delivery_seconds = prometheus::BuildHistogram()
                                                                    .Name("krige_webhook_seconds")
                                                                    .Help("Time of a try to deliver a message")
                                                                    .Register(registry);
  prometheus::Family<prometheus::Counter>& forgotten = prometheus::BuildCounter()
                                                           .Name("krige_retention_trials_total")
                                                           .Help("Trials of which files or records were removed")
                                                           .Register(registry);
  prometheus::Family<prometheus::Gauge>& kept = prometheus::BuildGauge()
                                                    .Name("krige_retention_file_bytes")
                                                    .Help("Bytes of trials' files after the last sweep")
                                                    .Register(registry);
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::count_request(std::string_view method, std::string_view route, int status, double seconds) {
  const std::string path(route);
  impl_->requests.Add({{"method", std::string(method)}, {"route", path}, {"status", std::to_string(status)}})
      .Increment();
  impl_->request_seconds.Add({{"route", path}}, bounds()).Observe(seconds);
}

void Metrics::expect_deliveries(const std::string& origin) {
  for (const char* outcome : {"delivered", "failed", "given_up"})
    impl_->deliveries.Add({{"target", origin}, {"outcome", outcome}});
}

void Metrics::count_delivery(const std::string& origin, std::string_view outcome, double seconds) {
  impl_->deliveries.Add({{"target", origin}, {"outcome", std::string(outcome)}}).Increment();
  impl_->delivery_seconds.Add({{"target", origin}}, bounds()).Observe(seconds);
}

void Metrics::count_sweep(std::int64_t files_of_trials, std::int64_t records_of_trials, std::uint64_t bytes_left) {
  impl_->forgotten.Add({{"removed", "files"}}).Increment(static_cast<double>(files_of_trials));
  impl_->forgotten.Add({{"removed", "records"}}).Increment(static_cast<double>(records_of_trials));
  impl_->kept.Add({}).Set(static_cast<double>(bytes_left));
}

void Metrics::count_suggest(double seconds) { impl_->suggest_seconds.Observe(seconds); }

std::string Metrics::text(const Sources& sources) const {
  std::vector<MetricFamily> families = impl_->registry.Collect();
  add_studies(sources.engine, families);
  if (sources.store != nullptr) {
    MetricFamily store = family("krige_store_seconds", "Time of calls of the store; writes until they are durable",
                                MetricType::Histogram);
    store.metric.push_back(to_metric(sources.store->writes, "write"));
    store.metric.push_back(to_metric(sources.store->reads, "read"));
    families.push_back(std::move(store));
  }
  families.push_back(gauge("krige_event_streams", "Open event streams", static_cast<double>(sources.event_streams)));
  families.push_back(gauge("krige_waiting_suggests", "Calls of suggest that wait for trials",
                           static_cast<double>(sources.waiting_suggests)));
  families.push_back(refused(sources.refused));
  add_process(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace krige::server
