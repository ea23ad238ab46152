#include "tuner/samplers/gp_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "gp/acquisition/knowledge_gradient.h"
#include "gp/acquisition/suggest.h"
#include "gp/fit/fit.h"
#include "tuner/samplers/gp_history.h"
#include "tuner/samplers/gp_model.h"
#include "tuner/samplers/gp_outcomes.h"
#include "tuner/samplers/gp_space.h"
#include "tuner/samplers/gp_transfer.h"
#include "tuner/samplers/simple_samplers.h"
#include "tuner/samplers/used_points.h"
#include "tuner/space/prior.h"

namespace krige::tuner {
namespace {

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
constexpr std::uint64_t kSourceStream = 0xd1b54a32d192ed03;
// Before so many trials have shown what they cost, all cost the same.
constexpr std::size_t kMinTimed = 3;
// So many of the best points are looked at when one may be measured again.
constexpr std::size_t kContenders = 8;
// Measuring again must promise more than this part of the observations' spread: below, noise is what rounding is.
constexpr double kLeastWorth = 1e-3;

std::size_t initial_design(const gp::InputSpace& space) {
  const std::size_t points = std::clamp<std::size_t>(space.size() + 1, 5, 12);
  const auto all = gp::enumerate_points(space, points);
  return all ? all->size() : points;
}

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
    case Acquisition::ei_per_second:
      break;
  }
  return gp::AcquisitionKind::expected_improvement;
}

void without_warp(gp::FitOptions& options) {
  options.warp = gp::OutputWarp::none;
  options.choose_warp = false;
}

}  // namespace

struct GpSampler::Model {
  gp::InputSpace space;
  OlderStudies older;
  std::size_t design = initial_design(space);
  // What propose() made of the older studies last: their models never change.
  std::vector<gp::GaussianProcess> sources;

  // Too little is known, or nothing is left to learn: the design goes on.
  [[nodiscard]] bool in_design(const GpHistory& history) const {
    return history.losses.size() < 2 || history.tried() < design || space.size() == 0;
  }
};

// Everything a suggestion is made from.
struct GpSampler::Knowledge {
  gp::GaussianProcess process;  // of the first objective
  OutcomeProcesses outcomes;
  std::optional<gp::GaussianProcess> feasibility;
  std::optional<gp::GaussianProcess> log_seconds;
  std::vector<gp::RelatedProcess> sources;
};

GpSampler::GpSampler(const StudySpec& spec)
    : spec_(spec),
      model_(std::make_unique<Model>(make_input_space(spec.space), OlderStudies(spec, make_input_space(spec.space)))) {}

GpSampler::~GpSampler() = default;

bool GpSampler::refit_due(std::span<const Trial> history, const SurrogateFit* last) const {
  const std::size_t now = finished(history);
  if (last != nullptr) {
    const auto seen = static_cast<std::size_t>(last->finished);
    const auto growth = static_cast<std::size_t>(kGrowth * static_cast<double>(seen));
    if (now < seen + std::max<std::size_t>(growth, 1)) return false;
  }
  if (!model_->older.empty()) return true;
  // Also behind a fit: when trials that ran were cancelled or lost, the design is not over any more.
  return now >= 2 && !model_->in_design(read_history(spec_, model_->space.size(), history, kMaxObservations));
}

Result<SurrogateFit> GpSampler::refit(std::span<const Trial> history, const SurrogateFit* last) const {
  const GpHistory data = read_history(spec_, model_->space.size(), history, kMaxObservations);
  std::optional<GpModel> previous;
  if (last != nullptr) {
    KRIGE_TRY(previous, decode_model(last->model));
  }
  Rng rng(spec_.seed ^ kFitStream, data.finished);
  GpModel model;
  if (!model_->in_design(data)) {
    gp::FitOptions options;
    if (previous && !previous->objective.empty()) {
      options.previous = previous->objective.front();
      options.warp = previous->warp;
    }
    // The hypervolume is measured in the objectives' own units: what is bad in one may be good in another.
    if (spec_.has_several_objectives()) without_warp(options);
    if (data.losses.size() <= kFew) options.draws = kDraws;
    // A fresh start finds what the path from fit to fit has missed; with many observations every other time will do.
    options.random_starts = data.losses.size() < kFew || last == nullptr || last->id % 2 == 0 ? 1 : 0;
    KRIGE_TRY(gp::Learned learned, gp::learn(model_->space, data.points, data.losses, options, rng));
    model.objective = std::move(learned.hyperparameters);
    model.warp = learned.warp;
    const GpModel before = previous.value_or(GpModel{});
    KRIGE_CHECK(learn_outcomes(spec_, model_->space, data, options, before, rng, model));
    if (data.has_failures()) {
      KRIGE_TRY(model.feasibility, learn_unwarped(data.labelled, data.labels, before.feasibility, rng));
    }
    if (spec_.acquisition == Acquisition::ei_per_second && data.log_seconds.size() >= kMinTimed) {
      KRIGE_TRY(model.log_seconds, learn_unwarped(data.timed, data.log_seconds, before.log_seconds, rng));
    }
  }
  if (!model_->older.empty()) KRIGE_CHECK(learn_sources(data, previous, model, rng));
  SurrogateFit fit;
  fit.finished = static_cast<std::int64_t>(data.finished);
  fit.model = encode_model(model);
  return fit;
}

Result<std::vector<gp::Hyperparameters>> GpSampler::learn_unwarped(const gp::Points& points,
                                                                   const std::vector<double>& values,
                                                                   const std::vector<gp::Hyperparameters>& previous,
                                                                   Rng& rng) const {
  gp::FitOptions options;
  without_warp(options);
  if (!previous.empty()) options.previous = previous.front();
  KRIGE_TRY(gp::Learned learned, gp::learn(model_->space, points, values, options, rng));
  return std::move(learned.hyperparameters);
}

Status GpSampler::learn_sources(const GpHistory& data, const std::optional<GpModel>& previous, GpModel& model,
                                Rng& rng) const {
  if (previous && !previous->sources.empty()) {
    model.sources = previous->sources;
  } else {
    KRIGE_TRY(model.sources, model_->older.learn(spec_.seed ^ kSourceStream));
  }
  KRIGE_TRY(const std::vector<gp::GaussianProcess> sources, model_->older.processes(model.sources));
  std::optional<gp::GaussianProcess> own;
  if (!model.objective.empty()) {
    KRIGE_TRY(own, gp::GaussianProcess::from_state(
                       {gp::State::kVersion, model_->space, data.points, data.losses, model.warp, model.objective}));
  }
  KRIGE_TRY(const std::vector<double> weights, ranking_weights(sources, own ? &*own : nullptr, data, rng));
  for (std::size_t i = 0; i < weights.size(); ++i) model.sources[i].weight = weights[i];
  return {};
}

Result<Suggestion> GpSampler::propose(std::span<const Trial> history, TrialId next, const SurrogateFit* fit) {
  const GpHistory data = read_history(spec_, model_->space.size(), history, kMaxObservations);
  std::optional<GpModel> model;
  if (fit != nullptr) {
    KRIGE_TRY(model, decode_model(fit->model));
  }
  if (!model_->older.empty() && model && model_->sources.empty()) {
    KRIGE_TRY(model_->sources, model_->older.processes(model->sources));
  }
  const bool in_design = model_->in_design(data);
  // Every other point of the design is what older studies promise most of, as long as they are believed.
  const bool believed =
      model && std::ranges::any_of(model->sources, [](const SourceModel& source) { return source.weight > 0; });
  if (in_design && (!believed || data.tried() % 2 == 1)) return SobolSampler(spec_).propose(history, next, fit);
  KRIGE_TRY(const Knowledge knowledge, know(data, model.value_or(GpModel{}), in_design));

  Rng rng(spec_.seed, static_cast<std::uint64_t>(next));
  const UsedPoints used(history);
  KRIGE_TRY(const std::vector<gp::Suggestion> ranked, rank(data, knowledge, in_design, used, rng));

  Suggestion suggestion;
  suggestion.info.method = "gp";
  if (fit != nullptr) suggestion.info.fit = fit->id;
  if (spec_.repeats > 1 && !in_design) {
    KRIGE_TRY(const Trial* again, worth_measuring_again(history, data, knowledge.process, ranked, rng));
    if (again != nullptr) {
      const gp::Prediction prediction = knowledge.process.predict(spec_.space.encode(again->params));
      suggestion.params = again->params;
      suggestion.info.mean = spec_.metric.goal == Goal::minimize ? prediction.mean : -prediction.mean;
      suggestion.info.sd = prediction.sd;
      suggestion.info.note = fmt::format("measures the point of trial {} again", again->id);
      return suggestion;
    }
  }
  if (knowledge.process.jitter_level() > 0)
    suggestion.info.note = fmt::format("jitter level {}", knowledge.process.jitter_level());
  if (ranked.empty()) {
    suggestion.info.note = "the model had no new point";
    KRIGE_TRY(suggestion.params, used.any_unused(spec_.space, rng));
    return suggestion;
  }
  const gp::Suggestion& best = ranked.front();
  suggestion.params = spec_.space.decode(best.point);
  if (in_design) {
    suggestion.info.note = "by older studies";
    return suggestion;
  }
  describe(best, suggestion.info);
  return suggestion;
}

void GpSampler::describe(const gp::Suggestion& made, SuggestionInfo& info) const {
  info.log_ei = made.log_ei;
  if (made.log_feasible) info.feasible = std::exp(*made.log_feasible);
  for (std::size_t j = 0; j < spec_.objectives.size(); ++j) {
    const auto& [name, goal, reduce, reference] = spec_.objectives[j];
    const gp::Prediction& prediction = made.predictions[j];
    info.means.emplace_back(name, goal == Goal::minimize ? prediction.mean : -prediction.mean);
    info.sds.emplace_back(name, prediction.sd);
  }
  if (spec_.has_several_objectives()) return;
  const gp::Prediction& prediction = made.predictions.front();
  info.mean = spec_.metric.goal == Goal::minimize ? prediction.mean : -prediction.mean;
  info.sd = prediction.sd;
}

Result<std::vector<gp::Suggestion>> GpSampler::rank(const GpHistory& data, const Knowledge& knowledge, bool in_design,
                                                    const UsedPoints& used, Rng& rng) const {
  gp::AcquisitionOptions options;
  options.excluded = [&](std::span<const double> point) { return used.contains(spec_.space.decode(point)); };
  if (std::ranges::any_of(spec_.space.parameters(), [](const Parameter& p) { return p.prior.has_value(); })) {
    const double weight = kPriorTrials / static_cast<double>(std::max<std::size_t>(data.finished, 1));
    options.log_prior = [this, weight](std::span<const double> point) {
      return weight * log_prior(spec_.space, point);
    };
  }
  options.kind = kind_of(spec_.acquisition);
  options.feasibility = knowledge.feasibility ? &*knowledge.feasibility : nullptr;
  options.log_cost = knowledge.log_seconds ? &*knowledge.log_seconds : nullptr;
  options.sources = knowledge.sources;

  std::vector<gp::OutcomeConstraint> constraints;
  for (std::size_t c = 0; c < knowledge.outcomes.constrained.size(); ++c) {
    constraints.push_back(bounds_of(spec_.constraints[c]));
    constraints.back().process = &knowledge.outcomes.constrained[c];
  }
  options.constraints = constraints;
  gp::Points tried = data.labelled, feasible{model_->space.size(), {}}, origins;
  if (!constraints.empty()) {
    for (std::size_t i = 0; i < data.feasible.size(); ++i)
      if (data.feasible[i]) feasible.append(data.points.row(i));
    options.feasible = &feasible;
    tried = feasible;
  }
  for (std::size_t i = 0; i < data.pending.size(); ++i) tried.append(data.pending.row(i));
  options.tried = &tried;
  if (in_design || (constraints.empty() && !spec_.has_several_objectives()))
    return gp::suggest(knowledge.process, data.pending, options, rng);

  origins = points_to_begin_from(spec_, data);
  options.origins = &origins;
  if (!spec_.has_several_objectives()) return gp::suggest(knowledge.process, data.pending, options, rng);
  std::vector<gp::GaussianProcess> objectives{knowledge.process};
  for (const gp::GaussianProcess& process : knowledge.outcomes.further) objectives.push_back(process);
  return gp::suggest(objectives, reference_of(spec_, data), data.pending, options, rng);
}

Result<GpSampler::Knowledge> GpSampler::know(const GpHistory& data, GpModel model, bool in_design) const {
  const auto process = [this](const gp::Points& points, const std::vector<double>& values, gp::OutputWarp warp,
                              std::vector<gp::Hyperparameters> hyperparameters) {
    return gp::GaussianProcess::from_state(
        {gp::State::kVersion, model_->space, points, values, warp, std::move(hyperparameters)});
  };
  const auto learned = [this](std::vector<gp::Hyperparameters> hyperparameters) {
    if (hyperparameters.empty()) hyperparameters.push_back(gp::default_hyperparameters(model_->space));
    return hyperparameters;
  };
  std::vector<gp::RelatedProcess> sources;
  for (std::size_t i = 0; i < model_->sources.size(); ++i)
    sources.push_back({&model_->sources[i], model.sources[i].weight});
  if (in_design) {
    const auto surest = std::ranges::max_element(sources, {}, &gp::RelatedProcess::weight);
    const gp::GaussianProcess& stands_in = *surest->process;
    return Knowledge{stands_in, {}, {}, {}, std::move(sources)};
  }
  const bool plain = !spec_.has_several_objectives();
  const gp::OutputWarp warp = model.objective.empty() && plain ? gp::OutputWarp::log_above_median : model.warp;
  KRIGE_TRY(gp::GaussianProcess objective, process(data.points, data.losses, warp, learned(model.objective)));
  KRIGE_TRY(OutcomeProcesses outcomes, outcome_processes(model_->space, data, model));
  Knowledge out{std::move(objective), std::move(outcomes), {}, {}, std::move(sources)};
  if (data.has_failures()) {
    KRIGE_TRY(out.feasibility,
              process(data.labelled, data.labels, gp::OutputWarp::none, learned(std::move(model.feasibility))));
  }
  if (!model.log_seconds.empty() && !data.log_seconds.empty()) {
    KRIGE_TRY(out.log_seconds,
              process(data.timed, data.log_seconds, gp::OutputWarp::none, std::move(model.log_seconds)));
  }
  return out;
}

Result<const Trial*> GpSampler::worth_measuring_again(std::span<const Trial> history, const GpHistory& data,
                                                      const gp::GaussianProcess& process,
                                                      const std::vector<gp::Suggestion>& ranked, Rng& rng) const {
  struct Contender {
    const Trial* first;
    double mean;
    std::int64_t measured;
  };
  std::map<std::string, Contender> contenders;  // by point
  for (const Trial& trial : history) {
    if (trial.state == TrialState::cancelled && !trial.vetoed()) continue;
    Contender& here = contenders.try_emplace(point_key(trial.params), Contender{&trial, 0, 0}).first->second;
    here.measured += trial.vetoed() ? spec_.repeats : 1;
  }
  std::vector<Contender> best;
  for (auto& [key, contender] : contenders) {
    if (contender.measured >= spec_.repeats || contender.first->state != TrialState::completed) continue;
    contender.mean = process.predict(spec_.space.encode(contender.first->params)).mean;
    best.push_back(contender);
  }
  std::ranges::sort(best, {}, [](const Contender& c) { return std::pair(c.mean, c.first->id); });
  if (best.size() > kContenders) best.resize(kContenders);
  if (best.empty()) return nullptr;

  gp::Points points{model_->space.size(), {}};
  for (const Contender& contender : best) points.append(spec_.space.encode(contender.first->params));
  if (!ranked.empty()) points.append(ranked.front().point);
  std::optional<gp::GaussianProcess> given;
  if (data.pending.size() > 0) {
    KRIGE_TRY(given, process.with_pending(data.pending, rng));
  }
  const std::vector<double> worth = gp::knowledge_gradient(given ? *given : process, points);
  const auto most = static_cast<std::size_t>(
      std::ranges::max_element(worth.begin(), worth.begin() + static_cast<std::ptrdiff_t>(best.size())) -
      worth.begin());
  if (!ranked.empty() && worth[most] <= std::max(worth.back(), kLeastWorth)) return nullptr;
  return best[most].first;
}

}  // namespace krige::tuner
