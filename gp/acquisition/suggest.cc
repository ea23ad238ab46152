#include "gp/acquisition/suggest.h"

#include <algorithm>
#include "gp/experiment.h"
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
    const Points global = sobol_candidates(space, options_.sobol_candidates, rng_);
    const Points local = history_candidates(process_, static_cast<std::size_t>(envd("HIST",static_cast<double>(options_.history_candidates))), rng_);
    add(global);
    add(local);
    climb();
    if (envd("DEBUG",0)>0) {
      auto e=[&](std::vector<double> x){ return acquisition_.evaluate(Points{x.size(),x})(0); };
      std::vector<double> o(10,0.5), q=found_.front().point; for (auto* v:{&o,&q}) {(*v)[1]=.114614;(*v)[4]=.555649;(*v)[8]=.852547;}
      LocalSearch ls(space, acquisition_); auto c=ls.climb({q,e(q)},rng_);
      fprintf(stderr,"ACQ best %g (%.2f %.2f %.2f) o %g q %g climbed %g (%.2f %.2f %.2f)\n",found_.front().value,found_.front().point[1],found_.front().point[4],found_.front().point[8],e(o),e(q),c.value,c.point[1],c.point[4],c.point[8]);
      for (auto& st: starts()) { auto cc=ls.climb(st,rng_); fprintf(stderr,"   start %g (%.2f %.2f %.2f) -> %g (%.2f %.2f %.2f)\n",st.value,st.point[1],st.point[4],st.point[8],cc.value,cc.point[1],cc.point[4],cc.point[8]);}
    }
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
    for (std::size_t i = 0; i < found_.size() && chosen.size() < static_cast<std::size_t>(envd("NSTARTS",6)); ++i) {
      if (near[i]) continue;
      chosen.push_back(found_[i]);
      const Eigen::VectorXd correlations = posterior.correlations(points, found_[i].point);
      for (std::size_t j = i; j < near.size(); ++j) {
        if (correlations(static_cast<Eigen::Index>(j)) > envd("CORR",0.5)) near[j] = true;
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
  std::vector<Suggestion> out;
  for (LocalOptimum& found : Search(given, options, rng).run()) {
    const Prediction prediction = given.predict(found.point);
    const double log_ei = found.value + std::log(given.transform().scale());
    out.push_back({std::move(found.point), prediction.mean, prediction.sd, log_ei});
  }
  return out;
}

}  // namespace krige::gp
