#include "gp/acquisition/suggest.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "gp/acquisition/candidates.h"
#include "gp/acquisition/hypervolume_acquisition.h"
#include "gp/acquisition/local_search.h"
#include "gp/acquisition/scalar_acquisition.h"

namespace krige::gp {
namespace {

// A candidate that the process holds for as good as the same as a chosen one is no start of its own.
constexpr double kSameCorrelation = 0.8;
// Points nearer than this to a chosen one are no other suggestion.
constexpr double kSameDistance = 1e-6;
// How many times new points are drawn when all so far are excluded.
constexpr int kRetries = 8;

// At least so probably do the constraints hold at a pending point that is to be improved on.
constexpr double kProbablyFeasible = 0.5;

class Search {
 public:
  // `objectives`: those that tell which points are as good as the same.
  Search(std::span<const GaussianProcess* const> objectives, const Acquisition& acquisition,
         const AcquisitionOptions& options, Rng& rng)
      : objectives_(objectives),
        space_(objectives.front()->space()),
        acquisition_(acquisition),
        options_(options),
        rng_(rng) {}

  std::vector<LocalOptimum> run() {
    const InputSpace& space = space_;
    if (const auto all = enumerate_points(space, options_.exhaustive)) {
      add(*all);
      return take();
    }
    const Points global = sobol_candidates(space, options_.sobol_candidates, rng_);
    const Points origins = options_.origins != nullptr ? *options_.origins : best_observed(*objectives_.front());
    const Points local = history_candidates(space, origins, options_.history_candidates, rng_);
    add(global);
    add(local);
    climb();
    std::vector<LocalOptimum> results = take();
    for (int i = 0; i < kRetries && results.empty(); ++i) {
      add(sobol_candidates(space, options_.sobol_candidates, rng_));
      results = take();
    }
    return results;
  }

 private:
  void add(const Points& points) {
    if (points.size() == 0) return;
    const Eigen::VectorXd values = acquisition_.evaluate(points);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto row = points.row(i);
      found_.push_back({{row.begin(), row.end()}, values(static_cast<Eigen::Index>(i))});
    }
    sort();
  }

  void sort() { std::ranges::stable_sort(found_, std::greater{}, &LocalOptimum::value); }

  // The best points that are not within `distance` of a better one chosen.
  template <typename Accept>
  [[nodiscard]] std::vector<LocalOptimum> pick(std::size_t count, double distance, Accept&& accept) const {
    std::vector<LocalOptimum> chosen;
    for (const LocalOptimum& candidate : found_) {
      if (chosen.size() >= count) break;
      const bool near = std::ranges::any_of(chosen, [&](const LocalOptimum& other) {
        return same_point(space_, candidate.point, other.point, distance);
      });
      if (!near && accept(candidate.point)) chosen.push_back(candidate);
    }
    return chosen;
  }

  // Prior correlations of each of `points` with one; of several objectives the weakest.
  [[nodiscard]] Eigen::VectorXd correlations(const Points& points, std::span<const double> with) const {
    Eigen::VectorXd out = objectives_.front()->posteriors().front().correlations(points, with);
    for (const GaussianProcess* other : objectives_.subspan(1))
      out = out.cwiseMin(other->posteriors().front().correlations(points, with));
    return out;
  }

  // The best candidates that tell the process something different, as it sees it: near the incumbent there are always
  // many good ones, and they would crowd out every other region.
  [[nodiscard]] std::vector<LocalOptimum> starts() const {
    Points points{space_.size(), {}};
    for (const LocalOptimum& candidate : found_) points.append(candidate.point);
    std::vector<bool> near(found_.size(), false);
    std::vector<LocalOptimum> chosen;
    for (std::size_t i = 0; i < found_.size() && chosen.size() < options_.starts; ++i) {
      if (near[i]) continue;
      chosen.push_back(found_[i]);
      const Eigen::VectorXd near_this = correlations(points, found_[i].point);
      for (std::size_t j = i; j < near.size(); ++j) {
        if (near_this(static_cast<Eigen::Index>(j)) > kSameCorrelation) near[j] = true;
      }
    }
    return chosen;
  }

  void climb() {
    const LocalSearch search(space_, acquisition_);
    for (LocalOptimum& start : starts()) found_.push_back(search.climb(std::move(start), rng_));
    sort();
  }

  [[nodiscard]] std::vector<LocalOptimum> take() const {
    return pick(std::max<std::size_t>(options_.results, 1), kSameDistance,
                [&](const std::vector<double>& point) { return !options_.excluded || !options_.excluded(point); });
  }

  std::span<const GaussianProcess* const> objectives_;
  const InputSpace& space_;
  const Acquisition& acquisition_;
  const AcquisitionOptions& options_;
  Rng& rng_;
  std::vector<LocalOptimum> found_;  // by falling value
};

// Everything of a call, given the pending points.
struct Given {
  std::vector<GaussianProcess> objectives;
  std::vector<GaussianProcess> constrained;
  std::vector<OutcomeConstraint> constraints;
  Points candidates;  // for the incumbent or the front: points where the constraints hold, as far as is known
  AcquisitionOptions options;

  [[nodiscard]] bool nothing_feasible() const { return options.feasible != nullptr && candidates.size() == 0; }
};

Result<GaussianProcess> condition(const GaussianProcess& process, const Points& pending, std::size_t fantasies,
                                  Rng& rng) {
  if (pending.size() == 0) return process;
  return process.with_pending(pending, rng, fantasies);
}

// Of the pending points those where the constraints probably hold.
void append_probably_feasible(const Points& pending, std::span<const OutcomeConstraint> constraints, Points& out) {
  if (pending.size() == 0) return;
  Eigen::VectorXd logs = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(pending.size()));
  for (const OutcomeConstraint& constraint : constraints) logs += log_probability_of(constraint, pending);
  for (std::size_t i = 0; i < pending.size(); ++i)
    if (logs(static_cast<Eigen::Index>(i)) >= std::log(kProbablyFeasible)) out.append(pending.row(i));
}

// `out` stays where it is: its options refer to it.
Status prepare(std::span<const GaussianProcess> objectives, const Points& pending, const AcquisitionOptions& options,
               Rng& rng, Given& out) {
  for (const GaussianProcess& process : objectives) {
    KRIGE_TRY(GaussianProcess given, condition(process, pending, options.fantasies, rng));
    out.objectives.push_back(std::move(given));
  }
  for (const OutcomeConstraint& constraint : options.constraints) {
    KRIGE_TRY(GaussianProcess given, condition(*constraint.process, pending, options.fantasies, rng));
    out.constrained.push_back(std::move(given));
  }
  for (std::size_t i = 0; i < out.constrained.size(); ++i)
    out.constraints.push_back({&out.constrained[i], options.constraints[i].low, options.constraints[i].high});
  out.options = options;
  out.options.constraints = out.constraints;
  out.candidates = options.feasible != nullptr ? *options.feasible : objectives.front().state().points;
  if (options.feasible != nullptr) {
    if (out.candidates.size() > 0) append_probably_feasible(pending, out.constraints, out.candidates);
    out.options.feasible = &out.candidates;
  } else {
    for (std::size_t i = 0; i < pending.size(); ++i) out.candidates.append(pending.row(i));
  }
  return {};
}

// `plain`: the improvement alone, in transformed units, of which one is exp(log_unit) of the observations'; null: there
// is none.
std::vector<Suggestion> describe(std::vector<LocalOptimum> found, const Given& given, const Acquisition* plain,
                                 double log_unit) {
  std::vector<Suggestion> out;
  for (LocalOptimum& one : found) {
    Suggestion& suggestion = out.emplace_back();
    for (const GaussianProcess& process : given.objectives)
      suggestion.predictions.push_back(process.predict(one.point));
    const Points point{one.point.size(), one.point};
    if (plain != nullptr) suggestion.log_ei = plain->evaluate(point)(0) + log_unit;
    if (!given.constraints.empty()) suggestion.log_feasible = 0;
    for (const OutcomeConstraint& constraint : given.constraints)
      *suggestion.log_feasible += log_probability_of(constraint, point)(0);
    suggestion.point = std::move(one.point);
  }
  return out;
}

// What to improve on, and nothing else.
AcquisitionOptions improvement_alone(const Given& given) {
  AcquisitionOptions plain;
  plain.feasible = given.options.feasible;
  return plain;
}

std::vector<Suggestion> suggest_feasible(const Given& given, std::span<const GaussianProcess* const> objectives,
                                         Rng& rng) {
  const FeasibilityAcquisition acquisition(given.options);
  return describe(Search(objectives, acquisition, given.options, rng).run(), given, nullptr, 0);
}

}  // namespace

Result<std::vector<Suggestion>> suggest(const GaussianProcess& process, const Points& pending,
                                        const AcquisitionOptions& options, Rng& rng) {
  Given given;
  KRIGE_CHECK(prepare({&process, 1}, pending, options, rng, given));
  const std::vector<const GaussianProcess*> objective{&given.objectives.front()};
  if (given.nothing_feasible()) return suggest_feasible(given, objective, rng);
  const std::span<const Posterior> posteriors = objective.front()->posteriors();
  const AcquisitionOptions alone = improvement_alone(given);
  const ScalarAcquisition acquisition(posteriors, given.options), plain(posteriors, alone);
  return describe(Search(objective, acquisition, given.options, rng).run(), given, &plain,
                  std::log(objective.front()->transform().scale()));
}

Result<std::vector<Suggestion>> suggest(std::span<const GaussianProcess> objectives, std::span<const double> reference,
                                        const Points& pending, const AcquisitionOptions& options, Rng& rng) {
  Given given;
  KRIGE_CHECK(prepare(objectives, pending, options, rng, given));
  std::vector<const GaussianProcess*> processes;
  double log_unit = 0;
  for (const GaussianProcess& process : given.objectives) {
    processes.push_back(&process);
    log_unit += std::log(process.transform().scale());
  }
  if (given.nothing_feasible()) return suggest_feasible(given, processes, rng);
  const AcquisitionOptions alone = improvement_alone(given);
  const HypervolumeAcquisition acquisition(processes, reference, given.candidates, given.options);
  const HypervolumeAcquisition plain(processes, reference, given.candidates, alone);
  return describe(Search(processes, acquisition, given.options, rng).run(), given, &plain, log_unit);
}

}  // namespace krige::gp
