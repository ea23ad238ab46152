#include "tuner/samplers/gp_outcomes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "gp/fit/fit.h"
#include "gp/hypervolume/hypervolume.h"

namespace krige::tuner {
namespace {

static_assert(kMinObjectives >= gp::kMinObjectives && kMaxObjectives <= gp::kMaxObjectives);

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kOrigins = 6;
constexpr std::size_t kParetoOrigins = 32;

// The place of each value among all, from 0; equal values in their order.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> out(values.size());
  for (std::size_t k = 0; k < order.size(); ++k) out[order[k]] = static_cast<double>(k);
  return out;
}

// By how much each point is beyond the bounds, in mean absolute violations of each constraint.
std::vector<double> violations(const StudySpec& spec, const GpHistory& data) {
  std::vector<double> out(data.points.size(), 0);
  for (std::size_t c = 0; c < spec.constraints.size(); ++c) {
    const auto [process, low, high] = bounds_of(spec.constraints[c]);
    std::vector<double> beyond;
    for (const double value : data.constrained[c]) beyond.push_back(std::max({0.0, low - value, value - high}));
    const double sum = std::accumulate(beyond.begin(), beyond.end(), 0.0);
    if (!(sum > 0)) continue;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += beyond[i] / sum;
  }
  return out;
}

// The losses of the points that meet all constraints; with none, of all.
std::vector<gp::Objectives> objectives_of(const GpHistory& data, std::vector<std::size_t>& indices) {
  const bool any = std::ranges::find(data.feasible, true) != data.feasible.end();
  std::vector<gp::Objectives> out;
  for (std::size_t i = 0; i < data.points.size(); ++i) {
    if (any && !data.feasible[i]) continue;
    indices.push_back(i);
    gp::Objectives& one = out.emplace_back(1, data.losses[i]);
    for (const std::vector<double>& losses : data.further) one.push_back(losses[i]);
  }
  return out;
}

gp::FitOptions options_for(gp::FitOptions options, const OutcomeModel* previous, bool may_warp) {
  options.previous.reset();
  options.warp = gp::FitOptions{}.warp;
  options.choose_warp = true;
  if (previous != nullptr && !previous->hyperparameters.empty()) {
    options.previous = previous->hyperparameters.front();
    options.warp = previous->warp;
  }
  if (!may_warp) {
    options.warp = gp::OutputWarp::none;
    options.choose_warp = false;
  }
  return options;
}

// A value that must not be too low nor too high has no good side.
bool one_sided(const Constraint& constraint) { return !constraint.min || !constraint.max; }

Status learn_each(const gp::InputSpace& space, const gp::Points& points,
                  const std::vector<std::vector<double>>& outcomes, const gp::FitOptions& options,
                  const std::vector<OutcomeModel>& previous, const std::vector<bool>& may_warp, Rng& rng,
                  std::vector<OutcomeModel>& out) {
  for (std::size_t k = 0; k < outcomes.size(); ++k) {
    const OutcomeModel* before = k < previous.size() ? &previous[k] : nullptr;
    KRIGE_TRY(gp::Learned learned,
              gp::learn(space, points, outcomes[k], options_for(options, before, may_warp[k]), rng));
    out.push_back({std::move(learned.hyperparameters), learned.warp});
  }
  return {};
}

Status make_each(const gp::InputSpace& space, const gp::Points& points,
                 const std::vector<std::vector<double>>& outcomes, const std::vector<OutcomeModel>& models,
                 std::vector<gp::GaussianProcess>& out) {
  if (!models.empty() && models.size() != outcomes.size())
    return fail(ErrorCode::corrupt, "is of other objectives or constraints", "model");
  for (std::size_t k = 0; k < outcomes.size(); ++k) {
    const OutcomeModel model =
        models.empty() ? OutcomeModel{{gp::default_hyperparameters(space)}, gp::OutputWarp::none} : models[k];
    KRIGE_TRY(gp::GaussianProcess process,
              gp::GaussianProcess::from_state(
                  {gp::State::kVersion, space, points, outcomes[k], model.warp, model.hyperparameters}));
    out.push_back(std::move(process));
  }
  return {};
}

}  // namespace

gp::OutcomeConstraint bounds_of(const Constraint& constraint) {
  if (!constraint.max) return {nullptr, -kInfinity, -*constraint.min};
  return {nullptr, constraint.min.value_or(-kInfinity), *constraint.max};
}

std::vector<double> standings(const StudySpec& spec, const GpHistory& data) {
  const std::size_t n = data.points.size();
  std::vector<double> out(n, 0);
  if (data.further.empty()) {
    out = ranks(data.losses);
  } else {
    const std::vector<double> first = ranks(data.losses);
    for (std::size_t i = 0; i < n; ++i) out[i] = 1 + first[i];
    for (const std::vector<double>& losses : data.further) {
      const std::vector<double> of = ranks(losses);
      for (std::size_t i = 0; i < n; ++i) out[i] += of[i];
    }
    std::vector<std::size_t> indices;
    const std::vector<gp::Objectives> objectives = objectives_of(data, indices);
    for (const std::size_t k : gp::non_dominated(objectives)) out[indices[k]] = 0;
  }
  if (spec.constraints.empty()) return out;
  const std::vector<double> worse = violations(spec, data);
  const double after = static_cast<double>(n) * static_cast<double>(1 + data.further.size()) + 1;
  for (std::size_t i = 0; i < n; ++i)
    if (!data.feasible[i]) out[i] = after + worse[i];
  return out;
}

gp::Points points_to_begin_from(const StudySpec& spec, const GpHistory& data) {
  const std::vector<double> standing = standings(spec, data);
  std::vector<std::size_t> order(standing.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return standing[i]; });
  const auto best = static_cast<std::size_t>(std::ranges::count(standing, 0.0));
  const std::size_t count = std::clamp(best, kOrigins, kParetoOrigins);
  gp::Points out{data.points.dims, {}};
  for (std::size_t k = 0; k < std::min(count, order.size()); ++k) out.append(data.points.row(order[k]));
  return out;
}

std::vector<double> reference_of(const StudySpec& spec, const GpHistory& data) {
  std::vector<std::size_t> indices;
  std::vector<double> reference = gp::inferred_reference(objectives_of(data, indices));
  for (std::size_t j = 0; j < spec.objectives.size(); ++j)
    if (const auto& given = spec.objectives[j].reference)
      reference[j] = spec.objectives[j].goal == Goal::minimize ? *given : -*given;
  return reference;
}

Status learn_outcomes(const StudySpec& spec, const gp::InputSpace& space, const GpHistory& data,
                      const gp::FitOptions& options, const GpModel& previous, Rng& rng, GpModel& model) {
  const std::vector<bool> none(data.further.size(), false);
  KRIGE_CHECK(learn_each(space, data.points, data.further, options, previous.further, none, rng, model.further));
  std::vector<bool> may_warp;
  for (const Constraint& constraint : spec.constraints) may_warp.push_back(one_sided(constraint));
  return learn_each(space, data.points, data.constrained, options, previous.constraints, may_warp, rng,
                    model.constraints);
}

Result<OutcomeProcesses> outcome_processes(const gp::InputSpace& space, const GpHistory& data, const GpModel& model) {
  OutcomeProcesses out;
  KRIGE_CHECK(make_each(space, data.points, data.further, model.further, out.further));
  KRIGE_CHECK(make_each(space, data.points, data.constrained, model.constraints, out.constrained));
  return out;
}

}  // namespace krige::tuner
