// The next points to evaluate.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/rng.h"
#include "gp/gaussian_process.h"

namespace krige::gp {

// What is maximized. All in transformed units, for minimization.
enum class AcquisitionKind : std::uint8_t {
  expected_improvement,        // its logarithm
  confidence_bound,            // 1.8 standard deviations below the mean, as OSS Vizier
  probability_of_improvement,  // its logarithm; greedy
};

// A model of a related objective, as an older study of the same space.
struct RelatedProcess {
  const GaussianProcess* process = nullptr;
  double weight = 0;  // its share of the acquisition, in [0, 1]
};

// What another outcome of an evaluation must be: low ≤ outcome ≤ high, in the units of its process's observations, of
// which bounds one may be infinite; low < high.
struct OutcomeConstraint {
  const GaussianProcess* process = nullptr;
  double low = 0;
  double high = 0;
};

struct AcquisitionOptions {
  AcquisitionKind kind = AcquisitionKind::expected_improvement;
  // Whether a canonical point must not be returned, as one that has been evaluated. Unset: none.
  std::function<bool(std::span<const double> point)> excluded;
  // Added to the logarithm of the improvement: what is known of good regions beforehand. It is differentiated
  // numerically, and asked up to 1e-6 beyond the limits of a coordinate. Unset: nothing.
  std::function<double(std::span<const double> point)> log_prior;
  // Of labels, 1 where there is a value and 0 or less where there is none: the improvement is weighted by the
  // probability of the former. Null: there is a value everywhere. Must outlive the call.
  const GaussianProcess* feasibility = nullptr;
  // Of the logarithm of what an evaluation costs: what is maximized is the improvement per unit of cost. Null: all cost
  // the same. Must outlive the call.
  const GaussianProcess* log_cost = nullptr;
  // The improvement is weighted by the probability that all hold. The processes have the same pending points as the
  // objective; they must outlive the call.
  std::span<const OutcomeConstraint> constraints;
  // Observed points where all constraints hold: only these are to be improved on. Empty: none is known, and only the
  // probability that the constraints hold is maximized. Null: there are no constraints. Must outlive the call.
  const Points* feasible = nullptr;
  // Points around which the search begins besides. Null: the best observed. Must outlive the call.
  const Points* origins = nullptr;
  // Each promises an improvement on what it predicts for the points tried so far, in its own transformed units; these
  // are averaged by weight, and the process itself has what is left of 1. All must outlive the call.
  std::span<const RelatedProcess> sources;
  const Points* tried = nullptr;         // observed and pending points, for `sources`; null: none
  std::size_t results = 8;               // at most so many points
  std::size_t sobol_candidates = 512;    // in the whole space
  std::size_t history_candidates = 256;  // around the best observed points
  std::size_t starts = 5;                // of the local search
  std::size_t fantasies = 16;            // joint draws of the pending results
  // A finite space of at most so many points is searched whole.
  std::size_t exhaustive = 4096;
};

// In units of the observations.
struct Suggestion {
  std::vector<double> point;            // canonical
  std::vector<Prediction> predictions;  // of each objective
  // Log of the expected improvement on the incumbent, or of the front's hypervolume, whatever was maximized; nullopt:
  // there is nothing to improve on, since no point is known where the constraints hold.
  std::optional<double> log_ei;
  std::optional<double> log_feasible;  // log of the probability that the constraints hold; nullopt: there are none
};

// Canonical points that differ from one another and are not excluded, by falling expected improvement given that the
// `pending` points will have been evaluated; the first is the suggestion, the others replace it if the caller cannot
// take it. Empty: every point of a finite space is excluded, or `excluded` accepted none of many. Errors: as
// GaussianProcess::with_pending(). Same input and `rng`: same points.
[[nodiscard]] Result<std::vector<Suggestion>> suggest(const GaussianProcess& process, const Points& pending,
                                                      const AcquisitionOptions& options, Rng& rng);

// The same for two to four objectives, each with a process of its own over the same space and points: by falling
// expected improvement of the hypervolume that is dominated below `reference`, one number an objective in the units of
// its observations. Of `options` kind and sources have no meaning.
[[nodiscard]] Result<std::vector<Suggestion>> suggest(std::span<const GaussianProcess> objectives,
                                                      std::span<const double> reference, const Points& pending,
                                                      const AcquisitionOptions& options, Rng& rng);

}  // namespace krige::gp
