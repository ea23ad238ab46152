// The curves of many trials at once, thinned out: what a chart of them needs.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "server/routes/input.h"
#include "server/routes/routes.h"
#include "tuner/spec/study_spec.h"

namespace krige::server {
namespace {

using Point = std::pair<std::int64_t, double>;

constexpr std::size_t kMostTrials = 500;
constexpr std::size_t kTrials = 100;
constexpr std::size_t kMostPoints = 200;  // of one curve

std::vector<Point> curve_of(const std::vector<tuner::Record>& records, const std::string& metric) {
  std::vector<Point> points;
  for (const tuner::Record& record : records) {
    const auto found = std::ranges::find(record.metrics, metric, &std::pair<std::string, double>::first);
    if (found != record.metrics.end() && std::isfinite(found->second)) points.emplace_back(record.step, found->second);
  }
  return points;
}

// The first, the last and, of each of even stretches between, the least and the greatest: no spike is lost.
std::vector<Point> thinned(const std::vector<Point>& points) {
  if (points.size() <= kMostPoints) return points;
  const std::size_t stretches = (kMostPoints - 2) / 2;
  const std::size_t inner = points.size() - 2;
  std::vector<Point> out{points.front()};
  for (std::size_t i = 0; i < stretches; ++i) {
    const auto from = points.begin() + 1 + static_cast<std::ptrdiff_t>(i * inner / stretches);
    const auto to = points.begin() + 1 + static_cast<std::ptrdiff_t>((i + 1) * inner / stretches);
    auto [least, greatest] = std::ranges::minmax_element(from, to, {}, &Point::second);
    if (greatest < least) std::swap(least, greatest);
    out.push_back(*least);
    if (greatest != least) out.push_back(*greatest);
  }
  out.push_back(points.back());
  return out;
}

OrderedJson to_json(const tuner::Trial& trial, const std::vector<Point>& points) {
  OrderedJson json{{"trial", trial.id}, {"state", tuner::name(trial.state)}, {"reason", trial.reason}};
  OrderedJson& out = json["points"] = OrderedJson::array();
  for (const auto& [step, value] : points) out.push_back({step, value});
  return json;
}

// Of the latest trials; without a metric, the study's own.
Result<Reply> curves(Api& api, const Call& call) {
  QueryReader query(call.request);
  std::string metric = query.text("metric");
  const auto limit = static_cast<TrialId>(query.number("limit", 1, kMostTrials, kTrials));
  KRIGE_CHECK(query.finish());
  KRIGE_TRY(const tuner::StudyView study, api.engine.study(call["study"]));
  if (metric.empty()) {
    KRIGE_TRY(const OrderedJson file, parse_json(study.row.spec));
    KRIGE_TRY(const tuner::StudySpec spec, tuner::parse_study(file));
    metric = spec.has_several_objectives() ? spec.objectives.front().name : spec.metric.name;
  }
  TrialId last = 0;
  for (const auto& [state, count] : study.trial_counts) last += count;
  std::set<std::string> metrics;
  OrderedJson found = OrderedJson::array();
  for (TrialId id = std::max<TrialId>(last - limit, 0) + 1; id <= last; ++id) {
    KRIGE_TRY(const tuner::TrialDetail detail, api.engine.trial(call["study"], id));
    for (const tuner::Record& record : detail.records)
      for (const auto& [name, value] : record.metrics) metrics.insert(name);
    const std::vector<Point> points = curve_of(detail.records, metric);
    if (!points.empty()) found.push_back(to_json(detail.trial, thinned(points)));
  }
  return json_reply({{"metric", metric}, {"metrics", metrics}, {"curves", std::move(found)}});
}

}  // namespace

void add_curves(Router& router, Api& api) {
  router.add("GET", "/api/v1/studies/{study}/curves", [&api](const Call& call) { return curves(api, call); });
}

}  // namespace krige::server
