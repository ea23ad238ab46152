#include "tuner/study/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <utility>

#include "gp/acquisition/expected_improvement.h"
#include "tuner/samplers/gp_model.h"
#include "tuner/samplers/gp_space.h"

namespace krige::tuner {
namespace {

constexpr std::size_t kNearest = 5;
constexpr std::ptrdiff_t kMostBeside = 400;  // more are no picture

bool has_value(const Trial& trial) { return is_final(trial.state) && trial.value && std::isfinite(*trial.value); }

// Where two values of a dimension are the same: both are encoded alike, and inactive is NaN.
bool same(std::span<const double> a, std::span<const double> b) {
  return std::ranges::equal(a, b, [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

// Which trials read_history() kept: its observations are in the order of the trials.
std::vector<TrialId> trials_of(const StudySnapshot& study, const GpHistory& history, double sign) {
  std::vector<TrialId> out;
  for (const Trial& trial : study.trials) {
    const std::size_t next = out.size();
    if (next == history.losses.size()) break;
    if (trial.state == TrialState::cancelled || !has_value(trial) || sign * *trial.value != history.losses[next])
      continue;
    if (same(study.spec.space.encode(trial.params), history.points.row(next))) out.push_back(trial.id);
  }
  return out;
}

// The coordinates of a slice. A normal scale has no ends: its quantiles keep half a step away from them.
std::vector<double> coordinates(const Parameter& parameter, std::size_t points) {
  std::vector<double> out;
  const std::optional<std::int64_t> levels = parameter.cardinality();
  const bool whole = levels && (parameter.kind == ParameterKind::categorical ||
                                parameter.kind == ParameterKind::ordinal || *levels <= static_cast<int>(points));
  if (whole) {
    for (std::int64_t i = 0; i < *levels; ++i) out.push_back(parameter.encode(parameter.at_index(i)));
    return out;
  }
  for (std::size_t i = 0; i < points; ++i) {
    const auto step = static_cast<double>(i);
    const auto n = static_cast<double>(points);
    double coordinate = parameter.scale == Scale::normal ? (step + 0.5) / n : step / (n - 1);
    if (levels) coordinate = parameter.encode(parameter.decode(coordinate));
    if (out.empty() || coordinate > out.back()) out.push_back(coordinate);
  }
  return out;
}

// Two standard deviations about a prediction, which to first order is symmetric in units of the observations: here it
// is so in transformed units, and never contradicts the residual.
std::pair<double, double> interval(const gp::OutputTransform& transform, const gp::Prediction& prediction) {
  const double mean = transform.forward(prediction.mean);
  const double reach = 2 * prediction.sd / transform.inverse_slope(mean);
  return {transform.inverse(mean - reach), transform.inverse(mean + reach)};
}

// u·Φ(u) of u·Φ(u) + φ(u).
double share_of_mean(double mean, double sd, double best) {
  const double u = (best - mean) / sd;
  if (!(u > 0)) return 0;
  const double by_mean = u * 0.5 * std::erfc(-u / std::numbers::sqrt2);
  const double by_sd = std::exp(-0.5 * u * u) / std::sqrt(2 * std::numbers::pi);
  return by_mean / (by_mean + by_sd);
}

}  // namespace

Explainer::Explainer(StudySnapshot study, gp::GaussianProcess process, gp::GaussianProcess given_pending,
                     std::vector<TrialId> observed, double sign)
    : study_(std::move(study)),
      process_(std::move(process)),
      given_pending_(std::move(given_pending)),
      observed_(std::move(observed)),
      sign_(sign) {}

Result<Explainer> Explainer::make(StudySnapshot study) {
  const StudySpec& spec = study.spec;
  if (spec.method != Method::gp)
    return fail(ErrorCode::conflict, fmt::format("method {} has no model to look at", name(spec.method)));
  if (spec.has_several_objectives())
    return fail(ErrorCode::conflict, "a study with several objectives has a model of each: none to show alone");
  const Unexpected too_early =
      fail(ErrorCode::conflict, "the study has no model of its own yet: too few trials have a value");
  if (!study.fit) return too_early;
  KRIGE_TRY(GpModel model, decode_model(study.fit->model));
  const gp::InputSpace space = make_input_space(spec.space);
  const GpHistory history = read_history(spec, space.size(), study.trials, kMaxObservations);
  if (model.objective.empty() || history.losses.empty()) return too_early;
  const double sign = spec.metric.goal == Goal::minimize ? 1 : -1;
  KRIGE_TRY(gp::GaussianProcess process,
            gp::GaussianProcess::from_state(
                {gp::State::kVersion, space, history.points, history.losses, model.warp, std::move(model.objective)}));
  // The draws of the next suggestion.
  Rng rng(spec.seed, study.trials.size() + 1);
  KRIGE_TRY(gp::GaussianProcess given_pending, process.with_pending(history.pending, rng));
  std::vector<TrialId> observed = trials_of(study, history, sign);
  return Explainer(std::move(study), std::move(process), std::move(given_pending), std::move(observed), sign);
}

const Parameter& Explainer::parameter(std::size_t dimension) const {
  const Space& space = study_.spec.space;
  return space.parameters()[space.dimensions()[dimension]];
}

Result<Params> Explainer::point_of(TrialId trial) const {
  if (trial < 1 || static_cast<std::size_t>(trial) > study_.trials.size())
    return fail(ErrorCode::not_found, fmt::format("the study has no trial {}", trial), "trial");
  return study_.trials[static_cast<std::size_t>(trial) - 1].params;
}

std::pair<TrialId, double> Explainer::incumbent() const {
  const auto [index, prediction] = process_.incumbent();
  return {observed_[index], sign_ * prediction.mean};
}

std::vector<Belief> Explainer::beliefs(const gp::Points& points) const {
  const std::vector<gp::Prediction> predictions = process_.predict(points);
  const std::vector<double> improvements = gp::log_expected_improvement(given_pending_, points);
  std::vector<Belief> out;
  for (std::size_t i = 0; i < predictions.size(); ++i)
    out.push_back({sign_ * predictions[i].mean, predictions[i].sd, improvements[i]});
  return out;
}

Belief Explainer::belief_at(const Params& params) const {
  return beliefs({process_.space().size(), study_.spec.space.encode(params)}).front();
}

std::vector<std::string> Explainer::active_at(const Params& params) const {
  const std::vector<double> point = study_.spec.space.encode(params);
  std::vector<std::string> out;
  for (std::size_t d = 0; d < point.size(); ++d)
    if (!std::isnan(point[d])) out.push_back(parameter(d).name);
  return out;
}

Result<std::size_t> Explainer::dimension(const Params& through, const std::string& name,
                                         const std::string& field) const {
  const std::vector<double> point = study_.spec.space.encode(through);
  for (std::size_t d = 0; d < point.size(); ++d) {
    if (parameter(d).name != name) continue;
    if (!std::isnan(point[d])) return d;
    return fail(ErrorCode::invalid_argument, fmt::format("{} is not active at this point", name), field);
  }
  return fail(ErrorCode::invalid_argument, fmt::format("{} is no parameter that varies", name), field);
}

Result<Slice> Explainer::slice(const Params& through, const std::string& name, std::size_t points) const {
  KRIGE_TRY(const std::size_t d, dimension(through, name, "parameter"));
  std::vector<double> point = study_.spec.space.encode(through);
  gp::Points line{point.size(), {}};
  Slice out{name, {}, {}};
  for (const double coordinate : coordinates(parameter(d), points)) {
    point[d] = coordinate;
    line.append(point);
    out.values.push_back(parameter(d).decode(coordinate));
  }
  out.beliefs = beliefs(line);
  return out;
}

std::vector<NearTrial> Explainer::beside(const Params& through, const std::string& name) const {
  const Result<std::size_t> d = dimension(through, name, "parameter");
  std::vector<NearTrial> out, pending;
  if (!d) return out;
  std::vector<double> on_line = study_.spec.space.encode(through);
  for (const Trial& trial : study_.trials) {
    if (!has_value(trial) && is_final(trial.state)) continue;
    const std::vector<double> point = study_.spec.space.encode(trial.params);
    if (std::isnan(point[*d])) continue;
    on_line[*d] = point[*d];
    (is_final(trial.state) ? out : pending).push_back({trial.id, process_.correlation(point, on_line)});
  }
  if (std::ssize(out) > kMostBeside) {
    std::ranges::nth_element(out, out.begin() + kMostBeside, std::greater{}, &NearTrial::nearness);
    out.resize(kMostBeside);
  }
  out.insert(out.end(), pending.begin(), pending.end());
  std::ranges::sort(out, {}, &NearTrial::trial);
  return out;
}

Result<Contour> Explainer::contour(const Params& through, const std::string& x, const std::string& y,
                                   std::size_t points) const {
  KRIGE_TRY(const std::size_t across, dimension(through, x, "x"));
  KRIGE_TRY(const std::size_t up, dimension(through, y, "y"));
  if (across == up) return fail(ErrorCode::invalid_argument, "must be another parameter than x", "y");
  const std::vector<double> xs = coordinates(parameter(across), points);
  const std::vector<double> ys = coordinates(parameter(up), points);
  Contour out{{x, {}, {}}, {y, {}, {}}, {}};
  for (const double coordinate : xs) out.x.values.push_back(parameter(across).decode(coordinate));
  for (const double coordinate : ys) out.y.values.push_back(parameter(up).decode(coordinate));
  std::vector<double> point = study_.spec.space.encode(through);
  gp::Points plane{point.size(), {}};
  for (const double vertical : ys) {
    for (const double horizontal : xs) {
      point[across] = horizontal;
      point[up] = vertical;
      plane.append(point);
    }
  }
  out.beliefs = beliefs(plane);
  return out;
}

Trust Explainer::trust() const {
  const std::vector<gp::Prediction> predictions = process_.leave_one_out();
  const std::vector<double> residuals = process_.leave_one_out_residuals();
  Trust out;
  const auto n = static_cast<double>(predictions.size());
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const double value = sign_ * process_.state().observations[i];
    const double mean = sign_ * predictions[i].mean;
    const auto [least, most] = interval(process_.transform(), predictions[i]);
    out.left_out.push_back({observed_[i], value, mean, predictions[i].sd, std::min(sign_ * least, sign_ * most),
                            std::max(sign_ * least, sign_ * most), sign_ * residuals[i]});
    out.within_1_sd += std::abs(residuals[i]) <= 1 ? 1 / n : 0;
    out.within_2_sd += std::abs(residuals[i]) <= 2 ? 1 / n : 0;
    out.rmse += (value - mean) * (value - mean) / n;
  }
  out.rmse = std::sqrt(out.rmse);
  out.warp = process_.state().warp;
  out.hyperparameters = process_.state().hyperparameters.front();
  out.noise_sd = std::exp(out.hyperparameters.log_noise / 2) * process_.transform().scale();
  out.jitter_level = process_.jitter_level();
  return out;
}

gp::SobolIndices Explainer::importance() const { return gp::sensitivity(process_, study_.spec.seed); }

Result<Reason> Explainer::reason(TrialId id) const {
  KRIGE_CHECK(point_of(id));
  const Trial& trial = study_.trials[static_cast<std::size_t>(id) - 1];
  Reason out;
  out.suggestion = trial.suggestion;
  out.now = belief_at(trial.params);
  const std::vector<double> point = study_.spec.space.encode(trial.params);
  for (const Trial& other : study_.trials) {
    const bool before = other.id < id && other.ended_at && *other.ended_at <= trial.created_at;
    if (!before || !has_value(other)) continue;
    out.nearest.push_back({other.id, process_.correlation(point, study_.spec.space.encode(other.params))});
    if (!out.best_before || sign_ * *other.value < sign_ * out.best_before->second)
      out.best_before = {other.id, *other.value};
  }
  std::ranges::stable_sort(out.nearest, std::greater{}, &NearTrial::nearness);
  if (out.nearest.size() > kNearest) out.nearest.resize(kNearest);
  const SuggestionInfo& told = trial.suggestion;
  if (told.mean && told.sd && *told.sd > 0 && out.best_before)
    out.exploitation = share_of_mean(sign_ * *told.mean, *told.sd, sign_ * out.best_before->second);
  return out;
}

}  // namespace krige::tuner
