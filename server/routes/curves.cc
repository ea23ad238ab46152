// The curves of many trials at once, thinned out: what a chart of them needs.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "server/routes/input.h"
#include "server/routes/routes.h"
#include "tuner/study/early_stop.h"
#include "tuner/study/overview.h"
#include "tuner/trial/outcome.h"

namespace krige::server {
namespace {

using Points = std::vector<tuner::ChartPoint>;

constexpr std::size_t kMostTrials = 500;
constexpr std::size_t kTrials = 100;
constexpr std::size_t kMostPoints = 200;  // of one curve

std::optional<double> named(const tuner::Record& record, std::string_view metric) {
  const auto found = std::ranges::find(record.metrics, metric, &tuner::Metrics::value_type::first);
  return found == record.metrics.end() ? std::nullopt : std::optional(found->second);
}

// By epochs where the trainer is the built-in one: its steps are minibatches, of which other batch sizes have other
// numbers.
Points curve_of(const std::vector<tuner::Record>& records, const std::string& metric, bool by_epoch) {
  Points points;
  for (const tuner::Record& record : records) {
    const std::optional<double> value = named(record, metric);
    const std::optional<double> epoch = by_epoch ? named(record, "epoch") : std::nullopt;
    if (value && std::isfinite(*value)) points.emplace_back(epoch ? std::llround(*epoch) : record.step, *value);
  }
  return points;
}

OrderedJson to_json(const Points& points) {
  OrderedJson out = OrderedJson::array();
  for (const auto& [step, value] : points) out.push_back({step, value});
  return out;
}

OrderedJson to_json(const tuner::Trial& trial, const Points& points) {
  return {
      {"trial", trial.id}, {"state", tuner::name(trial.state)}, {"reason", trial.reason}, {"points", to_json(points)}};
}

// What early stopping holds trials against, where the curves are of the metric that it looks at.
Result<OrderedJson> limits_of(Api& api, const StudyId& id, const tuner::StudySpec& spec, const std::string& metric) {
  const std::optional<tuner::EarlyTerminate>& rule = spec.early_terminate;
  if (!rule || metric != tuner::early_metric(spec).name) return OrderedJson(nullptr);
  KRIGE_TRY(const std::vector<tuner::StopLimit> limits, api.engine.stop_limits(id));
  OrderedJson lines = OrderedJson::array();
  for (const tuner::StopLimit& limit : limits)
    lines.push_back({{"bracket", limit.bracket}, {"points", to_json(limit.points)}});
  return OrderedJson{{"rule", tuner::name(rule->kind)}, {"lines", std::move(lines)}};
}

// Of the latest trials; without a metric, the study's own.
Result<Reply> curves(Api& api, const Call& call) {
  QueryReader query(call.request);
  std::string metric = query.text("metric");
  const auto limit = static_cast<TrialId>(query.number("limit", 1, kMostTrials, kTrials));
  KRIGE_CHECK(query.finish());
  KRIGE_TRY(const tuner::StudyView study, api.engine.study(call["study"]));
  KRIGE_TRY(const OrderedJson file, parse_json(study.row.spec));
  KRIGE_TRY(const tuner::StudySpec spec, tuner::parse_study(file));
  if (metric.empty()) metric = tuner::required_metrics(spec).front().name;
  KRIGE_TRY(OrderedJson limits, limits_of(api, call["study"], spec, metric));
  TrialId last = 0;
  for (const auto& [state, count] : study.trial_counts) last += count;
  std::set<std::string> metrics;
  OrderedJson found = OrderedJson::array();
  for (TrialId id = std::max<TrialId>(last - limit, 0) + 1; id <= last; ++id) {
    KRIGE_TRY(const tuner::TrialDetail detail, api.engine.trial(call["study"], id));
    for (const tuner::Record& record : detail.records)
      for (const auto& [name, value] : record.metrics) metrics.insert(name);
    const Points points = curve_of(detail.records, metric, spec.train.has_value());
    if (!points.empty()) found.push_back(to_json(detail.trial, tuner::thinned(points, kMostPoints)));
  }
  return json_reply({{"metric", metric},
                     {"metrics", metrics},
                     {"axis", spec.train ? "epoch" : "step"},
                     {"curves", std::move(found)},
                     {"limits", std::move(limits)}});
}

}  // namespace

void add_curves(Router& router, Api& api) {
  router.add("GET", "/api/v1/studies/{study}/curves", [&api](const Call& call) { return curves(api, call); });
}

}  // namespace krige::server
