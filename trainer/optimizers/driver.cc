#include "trainer/optimizers/driver.h"

#include <fmt/format.h>
#include <lbfgs.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>

#include "trainer/optimizers/learning_rate.h"

namespace krige::trainer {
namespace {

constexpr int kCorrections = 10;
// Ends where ‖gradient‖ < this · max(1, ‖w‖). With curvature l2 = 1e−5 that is 1e−11 above the optimum, more digits
// than f32 weights keep.
constexpr double kGradientTolerance = 1e-8;

// The smooth part of the objective, and the first error of an evaluation.
class SmoothObjective {
 public:
  SmoothObjective(const TrainJob& job, const std::vector<KeyRange>& penalized, const DriverCalls& calls)
      : l2_(job.l2), penalized_(penalized), calls_(calls) {}

  // After an error: zero, with a gradient of zero, so that every algorithm comes to its end at once.
  double operator()(std::span<const double> w, std::span<double> gradient) {
    Result<double> loss = error_ ? fail(*error_) : calls_.mean_loss(w, gradient);
    if (!loss) {
      if (!error_) error_ = loss.error();
      std::ranges::fill(gradient, 0.0);
      return 0;
    }
    double squares = 0;
    for (const KeyRange& range : penalized_)
      for (std::size_t i = range.begin; i < range.end; ++i) {
        gradient[i] += l2_ * w[i];
        squares += w[i] * w[i];
      }
    return *loss + l2_ / 2 * squares;
  }
  [[nodiscard]] bool iterated(std::uint64_t iteration, std::span<const double> w) {
    return !error_ && calls_.on_iteration(iteration, w);
  }
  [[nodiscard]] Status status() const { return error_ ? Status(fail(*error_)) : Status(); }

 private:
  double l2_;
  const std::vector<KeyRange>& penalized_;
  const DriverCalls& calls_;
  std::optional<Error> error_;
};

// liblbfgs applies l1 to one range of keys: it works on the penalized keys first, then the others.
class LbfgsProblem {
 public:
  LbfgsProblem(SmoothObjective& objective, const std::vector<KeyRange>& penalized, std::size_t keys)
      : objective_(objective), w_(keys), gradient_(keys) {
    std::vector<bool> first(keys, false);
    for (const KeyRange& range : penalized)
      for (std::size_t i = range.begin; i < range.end; ++i) first[i] = true;
    for (const bool wanted : {true, false}) {
      for (std::size_t i = 0; i < keys; ++i)
        if (first[i] == wanted) order_.push_back(i);
      if (wanted) penalized_ = order_.size();
    }
  }
  [[nodiscard]] std::size_t penalized() const { return penalized_; }
  void give(std::span<const double> w, double* x) const {
    for (std::size_t i = 0; i < order_.size(); ++i) x[i] = w[order_[i]];
  }
  std::span<const double> take(const double* x) {
    for (std::size_t i = 0; i < order_.size(); ++i) w_[order_[i]] = x[i];
    return w_;
  }

  // n may be more than the keys: the library rounds it up for vector instructions.
  static double evaluate(void* self, const double* x, double* g, int n, double) {
    auto& problem = *static_cast<LbfgsProblem*>(self);
    const double value = problem.objective_(problem.take(x), problem.gradient_);
    problem.give(problem.gradient_, g);
    std::fill(g + problem.order_.size(), g + n, 0.0);
    return value;
  }
  static int progress(void* self, const double* x, const double*, double, double, double, double, int, int k, int) {
    auto& problem = *static_cast<LbfgsProblem*>(self);
    return problem.objective_.iterated(static_cast<std::uint64_t>(k), problem.take(x)) ? 0 : 1;
  }

 private:
  SmoothObjective& objective_;
  std::vector<std::size_t> order_;  // order_[place in x] = key
  std::size_t penalized_ = 0;
  std::vector<double> w_;
  std::vector<double> gradient_;
};

// A line search that finds no better point has met the limit of rounding, or a loss that is no number: both are an end,
// and the library has gone back to the point before.
bool is_end(int code) {
  constexpr int kEnds[] = {LBFGS_SUCCESS,
                           LBFGS_STOP,
                           LBFGS_ALREADY_MINIMIZED,
                           LBFGSERR_CANCELED,
                           LBFGSERR_OUTOFINTERVAL,
                           LBFGSERR_INCORRECT_TMINMAX,
                           LBFGSERR_ROUNDING_ERROR,
                           LBFGSERR_MINIMUMSTEP,
                           LBFGSERR_MAXIMUMSTEP,
                           LBFGSERR_MAXIMUMLINESEARCH,
                           LBFGSERR_MAXIMUMITERATION,
                           LBFGSERR_WIDTHTOOSMALL,
                           LBFGSERR_INVALIDPARAMETERS,
                           LBFGSERR_INCREASEGRADIENT};
  return std::ranges::find(kEnds, code) != std::end(kEnds);
}

Status minimize_by_lbfgs(const TrainJob& job, const std::vector<KeyRange>& penalized, std::vector<double>& w,
                         SmoothObjective& objective) {
  LbfgsProblem problem(objective, penalized, w.size());
  const std::unique_ptr<double, void (*)(double*)> x(::lbfgs_malloc(static_cast<int>(w.size())), ::lbfgs_free);
  if (!x) return fail(ErrorCode::internal, fmt::format("no memory for L-BFGS with {} parameters", w.size()));
  problem.give(w, x.get());
  lbfgs_parameter_t parameters;
  ::lbfgs_parameter_init(&parameters);
  parameters.m = kCorrections;
  parameters.epsilon = kGradientTolerance;
  parameters.max_iterations = static_cast<int>(std::min<std::int64_t>(job.epochs, std::numeric_limits<int>::max()));
  if (job.l1 > 0 && problem.penalized() > 0) {
    parameters.orthantwise_c = job.l1;
    parameters.orthantwise_end = static_cast<int>(problem.penalized());
    parameters.linesearch = LBFGS_LINESEARCH_BACKTRACKING;  // the one that OWL-QN has
  }
  const int code = ::lbfgs(static_cast<int>(w.size()), x.get(), nullptr, &LbfgsProblem::evaluate,
                           &LbfgsProblem::progress, &problem, &parameters);
  const auto last = problem.take(x.get());
  w.assign(last.begin(), last.end());
  KRIGE_CHECK(objective.status());
  if (!is_end(code)) return fail(ErrorCode::internal, fmt::format("liblbfgs: code {}", code));
  return {};
}

// One iteration a step: w = S(w − η ∇, η l1), S as in optimizer.h.
Status minimize_by_descent(const TrainJob& job, const std::vector<KeyRange>& penalized, std::vector<double>& w,
                           SmoothObjective& objective) {
  const auto iterations = static_cast<std::uint64_t>(job.epochs);
  const LearningRate rate(job, iterations);
  std::vector<double> gradient(w.size());
  for (std::uint64_t t = 0; t < iterations; ++t) {
    objective(w, gradient);
    KRIGE_CHECK(objective.status());
    const double eta = rate.at(t);
    for (std::size_t i = 0; i < w.size(); ++i) w[i] -= eta * gradient[i];
    for (const KeyRange& range : penalized)
      for (std::size_t i = range.begin; i < range.end; ++i)
        w[i] = std::abs(w[i]) <= eta * job.l1 ? 0 : w[i] - std::copysign(eta * job.l1, w[i]);
    if (!objective.iterated(t + 1, w)) break;
  }
  return {};
}

}  // namespace

Status minimize(const TrainJob& job, const std::vector<KeyRange>& penalized, std::vector<double>& w,
                const DriverCalls& calls) {
  SmoothObjective objective(job, penalized, calls);
  if (job.optimizer == OptimizerKind::sgd) return minimize_by_descent(job, penalized, w, objective);
  return minimize_by_lbfgs(job, penalized, w, objective);
}

}  // namespace krige::trainer
