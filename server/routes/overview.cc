// All trials of a study at once, thinned out: what charts of them need, whatever their number.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "server/routes/input.h"
#include "server/routes/routes.h"
#include "tuner/study/overview.h"

namespace krige::server {
namespace {

using tuner::ChartPoint;
using tuner::ShownObjective;
using tuner::StudySpec;
using tuner::StudyView;
using tuner::Trial;

constexpr std::size_t kMostPoints = 20'000;
constexpr std::size_t kPoints = 2000;

OrderedJson to_json(const std::vector<ChartPoint>& points) {
  OrderedJson out = OrderedJson::array();
  for (const auto& [at, value] : points) out.push_back({at, value});
  return out;
}

// As many of each kind as its part of all allows.
OrderedJson thinned_json(const std::vector<ChartPoint>& points, std::size_t all, std::size_t most) {
  const std::size_t share = all <= most ? points.size() : std::max<std::size_t>(2, most * points.size() / all);
  return to_json(tuner::thinned(points, share));
}

OrderedJson thinned_json(const std::vector<TrialId>& trials, std::size_t all, std::size_t most) {
  const std::size_t share = all <= most ? trials.size() : std::min(trials.size(), most * trials.size() / all + 1);
  OrderedJson out = OrderedJson::array();
  for (std::size_t i = 0; i < share; ++i) out.push_back(trials[i * trials.size() / share]);
  return out;
}

// Looks at the trials for the objective that the query names, under the study's lock.
using LookAtObjective =
    std::function<void(const StudyView&, const StudySpec&, const ShownObjective&, const std::vector<Trial>&)>;
Status look_for(Api& api, const StudyId& study, const std::string& objective, const LookAtObjective& look) {
  bool known = true;
  KRIGE_CHECK(
      api.engine.look_at(study, [&](const StudyView& view, const StudySpec& spec, const std::vector<Trial>& trials) {
        const auto shown = tuner::shown_objective(spec, objective);
        known = shown.has_value();
        if (known) look(view, spec, *shown, trials);
      }));
  if (!known)
    return fail(ErrorCode::invalid_argument, fmt::format("the study has no objective {}", objective), "objective");
  return {};
}

Result<Reply> history(Api& api, const Call& call) {
  QueryReader query(call.request);
  const std::string wanted = query.text("objective");
  const std::size_t most = query.number("points", 10, kMostPoints, kPoints);
  KRIGE_CHECK(query.finish());
  ShownObjective objective;
  tuner::TrialHistory history;
  std::uint64_t seq = 0;
  TrialId last = 0;
  KRIGE_CHECK(look_for(
      api, call["study"], wanted,
      [&](const StudyView& study, const StudySpec&, const ShownObjective& shown, const std::vector<Trial>& trials) {
        seq = study.row.seq;
        last = static_cast<TrialId>(trials.size());
        objective = shown;
        history = tuner::history_of(trials, shown);
      }));
  const std::size_t all = history.completed.size() + history.pruned.size() + history.lost.size();
  return json_reply({{"seq", seq},
                     {"objective", objective.name},
                     {"goal", tuner::name(objective.goal)},
                     {"trials", last},
                     {"improvements", to_json(tuner::thinned(history.improvements, most))},
                     {"completed", thinned_json(history.completed, all, most)},
                     {"pruned", thinned_json(history.pruned, all, most)},
                     {"lost", thinned_json(history.lost, all, most)}});
}

// Columns instead of objects: a tenth of the text, and of the work of reading it.
class Columns {
 public:
  void add(const Trial& trial) {
    ids_.push_back(trial.id);
    states_.push_back(tuner::name(trial.state));
    feasible_.push_back(trial.feasible());
    if (trial.value) values_[""].emplace_back(rows_, number_to_json(*trial.value));
    for (const auto& [name, value] : trial.values) values_[name].emplace_back(rows_, number_to_json(value));
    for (const auto& [name, value] : trial.params) params_[name].emplace_back(rows_, tuner::to_json(value));
    ++rows_;
  }

  // `only`: the name of the only objective.
  [[nodiscard]] OrderedJson take(const std::string& only) {
    OrderedJson values = OrderedJson::object();
    for (auto& [name, cells] : values_) values[name.empty() ? only : name] = column(cells);
    OrderedJson params = OrderedJson::object();
    for (auto& [name, cells] : params_) params[name] = column(cells);
    return {{"trials", std::move(ids_)},
            {"states", std::move(states_)},
            {"feasible", std::move(feasible_)},
            {"values", std::move(values)},
            {"params", std::move(params)}};
  }

 private:
  using Cells = std::vector<std::pair<std::size_t, OrderedJson>>;

  // null where a trial has none.
  [[nodiscard]] OrderedJson column(Cells& cells) const {
    OrderedJson out = OrderedJson::array();
    for (auto& [row, value] : cells) {
      while (out.size() < row) out.push_back(nullptr);
      out.push_back(std::move(value));
    }
    while (out.size() < rows_) out.push_back(nullptr);
    return out;
  }

  std::size_t rows_ = 0;
  OrderedJson ids_ = OrderedJson::array();
  OrderedJson states_ = OrderedJson::array();
  OrderedJson feasible_ = OrderedJson::array();
  std::map<std::string, Cells> values_;
  std::map<std::string, Cells> params_;
};

OrderedJson to_json(const std::optional<tuner::FrontVolume>& front) {
  if (!front) return nullptr;
  OrderedJson reference = OrderedJson::object();
  for (const auto& [name, value] : front->reference) reference[name] = value;
  return {{"volume", front->volume}, {"reference", std::move(reference)}};
}

Result<Reply> sample(Api& api, const Call& call) {
  QueryReader query(call.request);
  const std::string wanted = query.text("objective");
  const std::size_t limit = query.number("limit", 10, kMostPoints, kPoints);
  const auto percent = static_cast<double>(query.number("top", 1, 100, 100));
  KRIGE_CHECK(query.finish());
  OrderedJson json;
  Columns columns;
  ShownObjective objective;
  std::optional<tuner::FrontVolume> front;
  KRIGE_CHECK(look_for(
      api, call["study"], wanted,
      [&](const StudyView& study, const StudySpec& of, const ShownObjective& shown, const std::vector<Trial>& trials) {
        objective = shown;
        const tuner::TrialSample chosen = tuner::sample_of(trials, shown, percent, limit, study.optimal);
        for (const TrialId id : chosen.trials) columns.add(trials[static_cast<std::size_t>(id - 1)]);
        json = {{"seq", study.row.seq},
                {"objective", shown.name},
                {"valued", chosen.valued},
                {"chosen", chosen.chosen},
                {"distribution", chosen.distribution},
                {"optimal", study.optimal}};
        front = tuner::front_volume(of, trials, study.optimal);
      }));
  json["hypervolume"] = to_json(front);
  json.update(columns.take(objective.name));
  return json_reply(json);
}

}  // namespace

void add_overview(Router& router, Api& api) {
  router.add("GET", "/api/v1/studies/{study}/history", [&api](const Call& call) { return history(api, call); });
  router.add("GET", "/api/v1/studies/{study}/trials:sample", [&api](const Call& call) { return sample(api, call); });
}

}  // namespace krige::server
