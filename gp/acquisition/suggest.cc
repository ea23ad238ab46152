#include "gp/acquisition/suggest.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "gp/acquisition/acquisition.h"
#include "gp/acquisition/candidates.h"
#include "gp/acquisition/local_search.h"

namespace krige::gp {
namespace {

// Points nearer than this to a chosen one are no start of their own, or no other suggestion.
constexpr double kStartDistance = 0.1;
constexpr double kSameDistance = 1e-6;
// How many times new points are drawn when all so far are excluded.
constexpr int kRetries = 8;

class Search {
 public:
  Search(const GaussianProcess& process, const AcquisitionOptions& options, Rng& rng)
      : process_(process), options_(options), rng_(rng), acquisition_(process.posteriors(), options.feasibility) {}

  std::vector<LocalOptimum> run() {
    const InputSpace& space = process_.space();
    if (const auto all = enumerate_points(space, options_.exhaustive)) {
      add(*all);
      return take();
    }
    add(sobol_candidates(space, options_.sobol_candidates, rng_));
    add(history_candidates(process_, options_.history_candidates, rng_));
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

  void climb() {
    const LocalSearch search(process_.space(), acquisition_);
    for (LocalOptimum& start : pick(options_.starts, kStartDistance, [](const auto&) { return true; })) {
      found_.push_back(search.climb(std::move(start), rng_));
    }
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
  std::vector<Suggestion> out;
  for (LocalOptimum& found : Search(given, options, rng).run()) {
    const Prediction prediction = given.predict(found.point);
    const double log_ei = found.value + std::log(given.transform().scale());
    out.push_back({std::move(found.point), prediction.mean, prediction.sd, log_ei});
  }
  return out;
}

}  // namespace krige::gp
