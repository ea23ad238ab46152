#include "tuner/samplers/gp_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "gp/acquisition/suggest.h"
#include "gp/fit/fit.h"
#include "tuner/samplers/gp_history.h"
#include "tuner/samplers/gp_model.h"
#include "tuner/samplers/gp_space.h"
#include "tuner/samplers/simple_samplers.h"
#include "tuner/samplers/used_points.h"
#include "tuner/space/prior.h"

namespace krige::tuner {
namespace {

// The posterior is cubic in the observations: at this many a suggestion still takes some tens of milliseconds.
constexpr std::size_t kMaxObservations = 400;
// A fit is made again when the finished trials have grown by so much of what it saw: a few more observations hardly
// move the hyperparameters.
constexpr double kGrowth = 0.1;
// With so few observations several hyperparameters explain them: predictions are averaged over draws.
constexpr std::size_t kFew = 40;
constexpr int kDraws = 3;
// Trials after which a prior weighs as much as one observation of the improvement's logarithm (Hvarfner et al., "πBO",
// 2022: it fades as 1/n).
constexpr double kPriorTrials = 10;
constexpr std::uint64_t kFitStream = 0x9e3779b97f4a7c15;  // apart from the streams of the suggestions

std::size_t initial_design(std::size_t dims) { return std::max<std::size_t>(5, std::min<std::size_t>(dims + 1, 12)); }

std::size_t finished(std::span<const Trial> history) {
  return static_cast<std::size_t>(std::ranges::count_if(
      history, [](const Trial& t) { return is_final(t.state) && t.state != TrialState::cancelled; }));
}

gp::AcquisitionKind kind_of(Acquisition acquisition) {
  switch (acquisition) {
    case Acquisition::ucb:
      return gp::AcquisitionKind::confidence_bound;
    case Acquisition::pi:
      return gp::AcquisitionKind::probability_of_improvement;
    case Acquisition::ei:
      break;
  }
  return gp::AcquisitionKind::expected_improvement;
}

}  // namespace

struct GpSampler::Model {
  gp::InputSpace space;

  // Too little is known, or nothing is left to learn: the design goes on.
  [[nodiscard]] bool in_design(const GpHistory& history) const {
    return history.losses.size() < 2 || history.tried() < initial_design(space.size()) || space.size() == 0;
  }
};

GpSampler::GpSampler(const StudySpec& spec) : spec_(spec), model_(std::make_unique<Model>()) {
  model_->space = make_input_space(spec.space);
}

GpSampler::~GpSampler() = default;

bool GpSampler::refit_due(std::span<const Trial> history, const SurrogateFit* last) const {
  const std::size_t now = finished(history);
  if (last != nullptr) {
    const auto seen = static_cast<std::size_t>(last->finished);
    const auto growth = static_cast<std::size_t>(kGrowth * static_cast<double>(seen));
    return now >= seen + std::max<std::size_t>(growth, 1);
  }
  return now >= 2 && !model_->in_design(read_history(spec_, model_->space.size(), history, kMaxObservations));
}

Result<SurrogateFit> GpSampler::refit(std::span<const Trial> history, const SurrogateFit* last) const {
  const GpHistory data = read_history(spec_, model_->space.size(), history, kMaxObservations);
  gp::FitOptions options;
  std::optional<GpModel> previous;
  if (last != nullptr) {
    KRIGE_TRY(previous, decode_model(last->model));
    options.previous = previous->objective.front();
    options.warp = previous->warp;
  }
  if (data.losses.size() <= kFew) options.draws = kDraws;
  // A fresh start finds what the path from fit to fit has missed; with many observations every other time will do.
  options.random_starts = data.losses.size() < kFew || last == nullptr || last->id % 2 == 0 ? 1 : 0;
  Rng rng(spec_.seed ^ kFitStream, data.finished);
  KRIGE_TRY(gp::Learned learned, gp::learn(model_->space, data.points, data.losses, options, rng));
  GpModel model{std::move(learned.hyperparameters), learned.warp, {}};
  if (data.has_failures()) {
    gp::FitOptions plain;
    plain.warp = gp::OutputWarp::none;
    plain.choose_warp = false;
    if (previous && !previous->feasibility.empty()) plain.previous = previous->feasibility.front();
    KRIGE_TRY(gp::Learned labels, gp::learn(model_->space, data.labelled, data.labels, plain, rng));
    model.feasibility = std::move(labels.hyperparameters);
  }
  SurrogateFit fit;
  fit.finished = static_cast<std::int64_t>(data.finished);
  fit.model = encode_model(model);
  return fit;
}

Result<Suggestion> GpSampler::propose(std::span<const Trial> history, TrialId next, const SurrogateFit* fit) {
  const GpHistory data = read_history(spec_, model_->space.size(), history, kMaxObservations);
  if (model_->in_design(data)) return SobolSampler(spec_).propose(history, next, fit);

  GpModel model{{gp::default_hyperparameters(model_->space)}, gp::OutputWarp::log_above_median, {}};
  if (fit != nullptr) {
    KRIGE_TRY(model, decode_model(fit->model));
  }
  KRIGE_TRY(const gp::GaussianProcess process,
            gp::GaussianProcess::from_state(
                {gp::State::kVersion, model_->space, data.points, data.losses, model.warp, model.objective}));
  std::optional<gp::GaussianProcess> feasibility;
  if (data.has_failures()) {
    if (model.feasibility.empty()) model.feasibility.push_back(gp::default_hyperparameters(model_->space));
    KRIGE_TRY(feasibility, gp::GaussianProcess::from_state({gp::State::kVersion, model_->space, data.labelled,
                                                            data.labels, gp::OutputWarp::none, model.feasibility}));
  }

  Rng rng(spec_.seed, static_cast<std::uint64_t>(next));
  const UsedPoints used(history);
  gp::AcquisitionOptions options;
  options.excluded = [&](std::span<const double> point) { return used.contains(spec_.space.decode(point)); };
  if (std::ranges::any_of(spec_.space.parameters(), [](const Parameter& p) { return p.prior.has_value(); })) {
    const double weight = kPriorTrials / static_cast<double>(data.finished);
    options.log_prior = [this, weight](std::span<const double> point) {
      return weight * log_prior(spec_.space, point);
    };
  }
  options.kind = kind_of(spec_.acquisition);
  options.feasibility = feasibility ? &*feasibility : nullptr;
  KRIGE_TRY(std::vector<gp::Suggestion> ranked, gp::suggest(process, data.pending, options, rng));

  Suggestion suggestion;
  suggestion.info.method = "gp";
  if (fit != nullptr) suggestion.info.fit = fit->id;
  if (process.jitter_level() > 0) suggestion.info.note = fmt::format("jitter level {}", process.jitter_level());
  if (ranked.empty()) {
    suggestion.info.note = "the model had no new point";
    KRIGE_TRY(suggestion.params, used.any_unused(spec_.space, rng));
    return suggestion;
  }
  const gp::Suggestion& best = ranked.front();
  suggestion.params = spec_.space.decode(best.point);
  suggestion.info.mean = spec_.metric.goal == Goal::minimize ? best.mean : -best.mean;
  suggestion.info.sd = best.sd;
  suggestion.info.log_ei = best.log_ei;
  return suggestion;
}

}  // namespace krige::tuner
