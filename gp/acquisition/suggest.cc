#include "gp/acquisition/suggest.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "gp/acquisition/acquisition.h"
#include "gp/acquisition/candidates.h"
#include "gp/acquisition/expected_improvement.h"
#include "gp/acquisition/local_search.h"

namespace krige::gp {
namespace {

// A candidate that the process holds for as good as the same as a chosen one is no start of its own.
constexpr double kSameCorrelation = 0.8;
// Points nearer than this to a chosen one are no other suggestion.
constexpr double kSameDistance = 1e-6;
// How many times new points are drawn when all so far are excluded.
constexpr int kRetries = 8;

class Search {
 public:
  Search(const GaussianProcess& process, const AcquisitionOptions& options, Rng& rng)
      : process_(process), options_(options), rng_(rng), acquisition_(process.posteriors(), options) {}

  std::vector<LocalOptimum> run() {
    const InputSpace& space = process_.space();
    if (const auto all = enumerate_points(space, options_.exhaustive)) {
      add(*all);
      return take();
    }
    const Points global = sobol_candidates(space, options_.sobol_candidates, rng_);
    const Points local = history_candidates(process_, options_.history_candidates, rng_);
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
        return same_point(process_.space(), candidate.point, other.point, distance);
      });
      if (!near && accept(candidate.point)) chosen.push_back(candidate);
    }
    return chosen;
  }

  // The best candidates that tell the process something different, as it sees it: near the incumbent there are always
  // many good ones, and they would crowd out every other region.
  [[nodiscard]] std::vector<LocalOptimum> starts() const {
    const Posterior& posterior = process_.posteriors().front();
    Points points{process_.space().size(), {}};
    for (const LocalOptimum& candidate : found_) points.append(candidate.point);
    std::vector<bool> near(found_.size(), false);
    std::vector<LocalOptimum> chosen;
    for (std::size_t i = 0; i < found_.size() && chosen.size() < options_.starts; ++i) {
      if (near[i]) continue;
      chosen.push_back(found_[i]);
      const Eigen::VectorXd correlations = posterior.correlations(points, found_[i].point);
      for (std::size_t j = i; j < near.size(); ++j) {
        if (correlations(static_cast<Eigen::Index>(j)) > kSameCorrelation) near[j] = true;
      }
    }
    return chosen;
  }

  void climb() {
    const LocalSearch search(process_.space(), acquisition_);
    for (LocalOptimum& start : starts()) found_.push_back(search.climb(std::move(start), rng_));
    sort();
  }

  [[nodiscard]] std::vector<LocalOptimum> take() const {
    return pick(std::max<std::size_t>(options_.results, 1), kSameDistance,
                [&](const std::vector<double>& point) { return !options_.excluded || !options_.excluded(point); });
  }

  const GaussianProcess& process_;
  const AcquisitionOptions& options_;
  Rng& rng_;
  Acquisition acquisition_;
  std::vector<LocalOptimum> found_;  // by falling value
};

}  // namespace

Result<std::vector<Suggestion>> suggest(const GaussianProcess& process, const Points& pending,
                                        const AcquisitionOptions& options, Rng& rng) {
  std::optional<GaussianProcess> conditioned;
  if (pending.size() > 0) {
    KRIGE_TRY(conditioned, process.with_pending(pending, rng, options.fantasies));
  }
  const GaussianProcess& given = conditioned ? *conditioned : process;
  const InputSpace& space = process.space();
  std::vector<Suggestion> out;
  for (LocalOptimum& found : Search(given, options, rng).run()) {
    const Prediction prediction = given.predict(found.point);
    const double log_ei = log_expected_improvement(given, Points{space.size(), found.point}).front();
    out.push_back({std::move(found.point), prediction.mean, prediction.sd, log_ei});
  }
  return out;
}

}  // namespace krige::gp
