#include "trainer/coordinator/cluster.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"

namespace krige::trainer {

Figures Cluster::of_workers() const {
  Figures total;
  for (const auto& [who, known] : members_) {
    if (who.first != Role::worker) continue;
    total.compute_seconds += known.figures.compute_seconds;
    total.wait_seconds += known.figures.wait_seconds;
    total.socket_bytes += known.figures.socket_bytes;
    total.memory_bytes += known.figures.memory_bytes;
  }
  return total;
}

std::string Cluster::text(MonotonicTime began, MonotonicTime now, Crew& crew) {
  const auto seconds = [](MonotonicTime::duration time) { return std::chrono::duration<double>(time).count(); };
  const double passed = std::max(seconds(now - last_text_.value_or(began)), 1e-3);
  OrderedJson processes = OrderedJson::array();
  processes.push_back({{"role", "coordinator"}, {"pid", ::getpid()}});
  for (auto& [who, known] : members_) {
    const auto& [role, index] = who;
    const Figures& figures = known.figures;
    OrderedJson one{{"role", role == Role::worker ? "worker" : "shard"},
                    {"index", index},
                    {"pid", crew.pid(role, index)},
                    {"clock", figures.clock}};
    if (job_.mode != TrainMode::mapreduce) {
      one["pushes"] = figures.pushes;
      one["pulls"] = figures.pulls;
      one["pushes_per_second"] = static_cast<double>(figures.pushes - known.before.pushes) / passed;
      one["pulls_per_second"] = static_cast<double>(figures.pulls - known.before.pulls) / passed;
    }
    if (role == Role::worker) {
      one["compute_seconds"] = figures.compute_seconds;
      one["wait_seconds"] = figures.wait_seconds;
      one["evaluate_seconds"] = figures.evaluate_seconds;
    } else {
      one["staleness_mean"] =
          static_cast<double>(figures.staleness_sum) / static_cast<double>(std::max<std::uint64_t>(figures.pulls, 1));
      one["staleness_max"] = figures.staleness_max;
    }
    one["socket_bytes"] = figures.socket_bytes;
    one["memory_bytes"] = figures.memory_bytes;
    processes.push_back(std::move(one));
    known.before = figures;
  }
  last_text_ = now;
  OrderedJson json{{"mode", name(job_.mode)}};
  if (job_.mode == TrainMode::ssp) json["staleness"] = job_.staleness;
  json["elapsed_seconds"] = seconds(now - began);
  json["processes"] = std::move(processes);
  return json.dump();
}

}  // namespace krige::trainer
