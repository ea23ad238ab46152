#include "tuner/samplers/gp_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gp/acquisition/suggest.h"
#include "gp/fit/fit.h"
#include "tuner/samplers/gp_space.h"
#include "tuner/samplers/simple_samplers.h"
#include "tuner/samplers/used_points.h"

namespace krige::tuner {
namespace {

// A fit is cubic in the points: beyond this many, the best and the latest stand for all.
constexpr std::size_t kMaxObservations = 800;

std::size_t initial_design(std::size_t dims) { return std::max<std::size_t>(5, std::min<std::size_t>(dims + 1, 12)); }

struct Observed {
  std::vector<double> point;
  double loss;  // smaller is better
};

void keep_best_and_latest(std::vector<Observed>& observed) {
  if (observed.size() <= kMaxObservations) return;
  const auto latest = observed.end() - static_cast<std::ptrdiff_t>(kMaxObservations / 2);
  std::stable_sort(observed.begin(), latest, [](const Observed& a, const Observed& b) { return a.loss < b.loss; });
  observed.erase(observed.begin() + static_cast<std::ptrdiff_t>(kMaxObservations / 2), latest);
}

}  // namespace

struct GpSampler::Model {
  gp::InputSpace space;
};

GpSampler::GpSampler(const StudySpec& spec) : spec_(spec), model_(std::make_unique<Model>()) {
  model_->space = make_input_space(spec.space);
}

GpSampler::~GpSampler() = default;

Result<Suggestion> GpSampler::propose(std::span<const Trial> history, TrialId next, const SurrogateFit* fit) {
  (void)fit;
  const double sign = spec_.metric.goal == Goal::minimize ? 1 : -1;
  std::vector<Observed> observed;
  gp::Points pending{model_->space.size(), {}};
  std::vector<std::vector<double>> failed;
  std::vector<std::vector<double>> infeasible;
  for (const Trial& trial : history) {
    if (trial.state == TrialState::cancelled) continue;
    const std::vector<double> point = spec_.space.encode(trial.params);
    if (!is_final(trial.state))
      pending.append(point);
    else if (trial.value && std::isfinite(*trial.value))
      observed.push_back({point, sign * *trial.value});
    else
      (trial.state == TrialState::infeasible ? infeasible : failed).push_back(point);
  }
  const std::size_t tried = observed.size() + pending.size() + failed.size() + infeasible.size();
  if (observed.size() < 2 || tried < initial_design(model_->space.size()) || model_->space.size() == 0)
    return SobolSampler(spec_).propose(history, next, fit);

  // INFEASIBLE is the point's own doing: as bad as the worst that had a value. A failure may be a passing one: taken to
  // be as good as the middle, it neither draws nor scares, and is not tried again.
  std::vector<double> losses;
  for (const Observed& one : observed) losses.push_back(one.loss);
  std::ranges::sort(losses);
  for (const std::vector<double>& point : infeasible) observed.push_back({point, losses.back()});
  for (const std::vector<double>& point : failed) observed.push_back({point, losses[losses.size() / 2]});
  keep_best_and_latest(observed);

  gp::Points points{model_->space.size(), {}};
  losses.clear();
  for (const Observed& one : observed) {
    points.append(one.point);
    losses.push_back(one.loss);
  }
  Rng rng(spec_.seed, static_cast<std::uint64_t>(next));
  KRIGE_TRY(const gp::Fitted fitted, gp::fit(model_->space, points, losses, {}, rng));
  const UsedPoints used(history);
  gp::AcquisitionOptions options;
  options.excluded = [&](std::span<const double> point) { return used.contains(spec_.space.decode(point)); };
  KRIGE_TRY(const std::vector<gp::Suggestion> ranked, gp::suggest(fitted.process, pending, options, rng));

  Suggestion suggestion;
  suggestion.info.method = "gp";
  if (fitted.report.jitter_level > 0) suggestion.info.note = fmt::format("jitter level {}", fitted.report.jitter_level);
  if (ranked.empty()) {
    suggestion.info.note = "the model had no new point";
    KRIGE_TRY(suggestion.params, used.any_unused(spec_.space, rng));
    return suggestion;
  }
  const gp::Suggestion& best = ranked.front();
  suggestion.params = spec_.space.decode(best.point);
  suggestion.info.mean = sign * best.mean;
  suggestion.info.sd = best.sd;
  suggestion.info.log_ei = best.log_ei;
  return suggestion;
}

}  // namespace krige::tuner
