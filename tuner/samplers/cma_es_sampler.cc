#include "tuner/samplers/cma_es_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tuner/samplers/used_points.h"
#include "tuner/space/normal_quantile.h"

namespace krige::tuner {
namespace {

constexpr double kSigma = 0.3;  // of the range: the tutorial's advice for a start in the middle
constexpr int kDraws = 100;
constexpr int kPlainDraws = 20;

// What is near is used up: look ever further. A parameter's range is reached long before the last draw.
double spread_of(int draw) { return draw < kPlainDraws ? 1 : std::exp2((draw - kPlainDraws) / 10 + 1); }

// Of points of one space whose parameters are all active. UsedPoints would write out the whole history as text, which
// for thousands of trials is most of the time.
bool same_point(const Params& a, const Params& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return equal(x.second, y.second); });
}

}  // namespace

CmaEsSampler::CmaEsSampler(const StudySpec& spec) : spec_(spec) {
  const std::vector<std::size_t>& dimensions = spec.space.dimensions();
  for (std::size_t k = 0; k < dimensions.size(); ++k)
    if (spec.space.parameters()[dimensions[k]].cardinality() != 1) varying_.push_back(k);
  continuous_ =
      std::ranges::any_of(varying_, [&](std::size_t k) { return !parameter(k).cardinality() && !parameter(k).step; });
  // A generation as large as what runs at once: the next one then learns from all of it.
  population_ = std::max(CmaEs::default_population(std::max<std::size_t>(1, varying_.size())),
                         static_cast<std::size_t>(spec.budget.parallel));
}

Result<Suggestion> CmaEsSampler::propose(std::span<const Trial> history, TrialId next, const SurrogateFit* /*fit*/) {
  Rng rng(spec_.seed, static_cast<std::uint64_t>(next));
  Suggestion suggestion;
  suggestion.info.method = "cmaes";
  if (!varying_.empty()) {
    const Search search = replay(history, next);
    if (search.restarts > 0)
      suggestion.info.note = fmt::format("restart {}, population {}", search.restarts, search.strategy.population());
    for (int i = 0; i < kDraws; ++i) {
      suggestion.params = decode(search.strategy.draw(rng, spread_of(i)));
      const auto same = [&](const Trial& trial) { return same_point(trial.params, suggestion.params); };
      if (std::ranges::none_of(history, same)) return suggestion;
    }
  }
  suggestion.info.note = "no new point near the best";
  KRIGE_TRY(suggestion.params, UsedPoints(history).any_unused(spec_.space, rng));
  return suggestion;
}

CmaEsSampler::Search CmaEsSampler::start(int restarts) const {
  std::vector<double> mean(varying_.size(), 0.5);
  if (restarts > 0) {
    Rng rng(spec_.seed, ~static_cast<std::uint64_t>(restarts));  // no trial's stream
    for (double& x : mean) x = rng.uniform();
  } else if (const std::optional<Params> point = spec_.space.default_point()) {
    const std::vector<double> coordinates = spec_.space.encode(*point);
    for (std::size_t k = 0; k < varying_.size(); ++k) mean[k] = coordinates[varying_[k]];
  }
  Search search{CmaEs(std::move(mean), kSigma, population_ << restarts), 1, restarts};
  search.strategy.widen(least_deviations(search.strategy));
  return search;
}

CmaEsSampler::Search CmaEsSampler::replay(std::span<const Trial> history, TrialId next) {
  const auto read = [](const Trial& one) { return Told{one.id, one.state, one.value, one.params}; };
  const auto same = [](const Told& then, const Trial& now) {
    return then.id == now.id && then.state == now.state && then.value == now.value && then.params == now.params;
  };
  const auto begins_as = [&](const Settled& one) {
    const std::size_t size = one.told.size();
    return size <= history.size() && std::equal(one.told.begin(), one.told.end(), history.begin(), same) &&
           (size == history.size() || history[size].id >= one.search.first);
  };
  if (!settled_ || next < settled_->search.first || !begins_as(*settled_)) settled_ = Settled{start(0), {}};
  Search search = settled_->search;
  auto trial = history.begin() + static_cast<std::ptrdiff_t>(settled_->told.size());
  bool settled = true;
  while (true) {
    const auto lambda = static_cast<TrialId>(search.strategy.population());
    const TrialId after = search.first + lambda;
    if (next < after) return search;
    const auto end = std::ranges::lower_bound(trial, history.end(), after, {}, &Trial::id);
    const auto running = std::count_if(trial, end, [](const Trial& one) { return !is_final(one.state); });
    if (2 * running > lambda) return search;
    std::vector<CmaEs::Member> generation;
    for (auto one = trial; one != end; ++one)
      if (is_final(one->state) && one->state != TrialState::cancelled)
        generation.push_back(member(search.strategy, *one));
    search.strategy.tell(std::move(generation));
    search.strategy.widen(least_deviations(search.strategy));
    if (search.strategy.stagnates()) search = start(search.restarts + 1);
    search.first = after;
    settled = settled && running == 0;
    if (settled) {
      settled_->search = search;
      std::transform(trial, end, std::back_inserter(settled_->told), read);
    }
    trial = end;
  }
}

CmaEs::Member CmaEsSampler::member(const CmaEs& strategy, const Trial& trial) const {
  CmaEs::Member member;
  const bool has_value = trial.value && std::isfinite(*trial.value);
  if (has_value) member.loss = spec_.metric.goal == Goal::minimize ? *trial.value : -*trial.value;
  if (!has_value) member.loss = std::numeric_limits<double>::infinity();

  std::vector<Interval> intervals;
  for (const std::size_t k : varying_)
    intervals.push_back(parameter(k).interval(*find(trial.params, parameter(k).name)));
  // What was drawn for this trial before it was rounded: rounded steps would make the distribution seem too narrow
  // along a grid. Where the distribution was another then, or the point is not of this sampler's making, the nearest
  // coordinates to a draw are taken instead.
  Rng rng(spec_.seed, static_cast<std::uint64_t>(trial.id));
  const int draws = continuous_ ? 1 : kDraws;  // with a continuous coordinate no first draw was used before
  for (int i = 0; i < draws; ++i) {
    std::vector<double> point = strategy.draw(rng, spread_of(i));
    bool same = true;
    for (std::size_t k = 0; k < point.size(); ++k) {
      const double nearest = std::clamp(point[k], intervals[k].low, intervals[k].high);
      // To encode a value that was decoded costs some of the last digits.
      same = same && std::abs(point[k] - nearest) <= 1e-3 * strategy.standard_deviation(k);
      point[k] = nearest;
    }
    if (same || i == 0) member.point = std::move(point);
    member.foreign = !same || i >= kPlainDraws;
    if (same) break;
  }
  return member;
}

const Parameter& CmaEsSampler::parameter(std::size_t dimension) const {
  return spec_.space.parameters()[spec_.space.dimensions()[dimension]];
}

Params CmaEsSampler::decode(std::span<const double> point) const {
  std::vector<double> coordinates(spec_.space.dimensions().size());
  for (std::size_t k = 0; k < point.size(); ++k) coordinates[varying_[k]] = point[k];
  return spec_.space.decode(coordinates);
}

// A coordinate that is rounded to a grid must keep leaving its value now and then, or it never moves again: on average
// one in a generation does (the margin of R. Hamano et al., "CMA-ES with Margin", GECCO 2022).
std::vector<double> CmaEsSampler::least_deviations(const CmaEs& strategy) const {
  const double draws = static_cast<double>(varying_.size() * strategy.population());
  const double reach = normal_quantile(1 - 0.5 / draws);
  std::vector<double> least;
  for (std::size_t k = 0; k < varying_.size(); ++k) {
    const Parameter& one = parameter(varying_[k]);
    const double mean = strategy.mean()[k];
    const Interval interval = one.interval(one.decode(mean));
    double distance = 0;
    if (interval.low < interval.high) {  // a continuous coordinate has no neighbour to reach
      if (interval.low > 0) distance = mean - interval.low;
      if (interval.high < 1) distance = std::max(distance, interval.high - mean);
    }
    least.push_back(distance / reach);
  }
  return least;
}

}  // namespace krige::tuner
