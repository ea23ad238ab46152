#include "gp/lbfgs.h"

#include <nlopt.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

namespace krige::gp {
namespace {

// What NLopt is told for a value that is not finite: it gives up on infinities, and walls of 1e25 break its line
// search.
constexpr double kWall = 1e8;
// Without a bound NLopt allocates at least 1.3 million numbers a call.
constexpr unsigned kVectorStorage = 10;

struct Search {
  const Objective* objective;
  Minimum best;
  std::vector<double> scratch;
};

double evaluate(unsigned n, const double* x, double* gradient, void* context) {
  auto& search = *static_cast<Search*>(context);
  const std::span<double> out =
      gradient != nullptr ? std::span<double>(gradient, n) : std::span<double>(search.scratch);
  double value = std::numeric_limits<double>::quiet_NaN();
  if (std::all_of(x, x + n, [](double v) { return std::isfinite(v); })) value = (*search.objective)({x, n}, out);
  ++search.best.evaluations;
  if (!std::isfinite(value) || !std::ranges::all_of(out, [](double v) { return std::isfinite(v); })) {
    std::ranges::fill(out, 0.0);
    return kWall;
  }
  if (value < search.best.value) {
    search.best.value = value;
    search.best.x.assign(x, x + n);
  }
  return value;
}

}  // namespace

Minimum minimize_lbfgs(const Objective& objective, std::vector<double> start, std::span<const double> low,
                       std::span<const double> high, const MinimizeOptions& options) {
  for (std::size_t i = 0; i < start.size(); ++i) start[i] = std::clamp(start[i], low[i], high[i]);
  Search search{&objective, {start, std::numeric_limits<double>::infinity(), 0}, std::vector<double>(start.size())};
  const auto n = static_cast<unsigned>(start.size());
  const std::unique_ptr<nlopt_opt_s, decltype(&nlopt_destroy)> opt(n == 0 ? nullptr : nlopt_create(NLOPT_LD_LBFGS, n),
                                                                   &nlopt_destroy);
  if (opt == nullptr) {
    evaluate(n, start.data(), nullptr, &search);
    return std::move(search.best);
  }
  nlopt_set_min_objective(opt.get(), evaluate, &search);
  nlopt_set_lower_bounds(opt.get(), low.data());
  nlopt_set_upper_bounds(opt.get(), high.data());
  nlopt_set_vector_storage(opt.get(), kVectorStorage);
  nlopt_set_maxeval(opt.get(), options.max_evaluations);
  nlopt_set_ftol_abs(opt.get(), options.tolerance);
  nlopt_set_ftol_rel(opt.get(), options.tolerance);
  double value = 0;
  // Its verdict does not matter: a failed line search, too, leaves the best point seen.
  (void)nlopt_optimize(opt.get(), start.data(), &value);
  return std::move(search.best);
}

}  // namespace krige::gp
