// Bayesian optimization in thirty lines: minimizes a function of a number and a category, one evaluation at a time.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "gp/acquisition/suggest.h"
#include "gp/fit/fit.h"

namespace {

// Least at (0.3, category 2), where it is 0.
double objective(const std::vector<double>& x) {
  const double penalty[] = {0.5, 0.2, 0.0};
  return (x[0] - 0.3) * (x[0] - 0.3) + penalty[static_cast<int>(x[1])];
}

}  // namespace

int main() {
  using namespace krige;
  gp::InputSpace space;
  space.dimensions = {{}, {.kind = gp::DimensionKind::categorical, .levels = 3, .positions = {}, .when = {}}};

  Rng rng(1);
  gp::Points points{2, {}};
  std::vector<double> losses;
  const auto evaluate = [&](const std::vector<double>& x) {
    points.append(x);
    losses.push_back(objective(x));
    std::printf("%2zu  x = %.4f  category %d  loss %.6f\n", losses.size(), x[0], static_cast<int>(x[1]), losses.back());
  };
  for (const double x : {0.1, 0.5, 0.9}) evaluate({x, 10 * x < 2 ? 0.0 : 10 * x < 6 ? 1.0 : 2.0});

  gp::FitOptions fit_options;
  while (losses.size() < 20) {
    const Result<gp::Fitted> fitted = gp::fit(space, points, losses, fit_options, rng);
    if (!fitted) return 1;
    fit_options.previous = fitted->process.state().hyperparameters.front();
    const auto best = gp::suggest(fitted->process, /*pending=*/{2, {}}, {}, rng);
    if (!best || best->empty()) return 1;
    evaluate(best->front().point);
  }
  const double least = *std::ranges::min_element(losses);
  std::printf("best loss: %.2g\n", least);
  return least < 1e-3 ? 0 : 1;
}
