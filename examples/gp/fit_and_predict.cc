// Fits a Gaussian process to thirty noisy observations and shows what it believes: means with their standard
// deviations, leave-one-out residuals, draws of the function, and the state from which it is rebuilt.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "gp/fit/fit.h"

int main() {
  using namespace krige;
  const gp::InputSpace space{{gp::Dimension{}}};  // one continuous dimension, [0, 1]
  Rng rng(1);
  gp::Points points{1, {}};
  std::vector<double> observations;
  for (int i = 0; i < 30; ++i) {
    const double x = (i + 0.5) / 30;
    points.values.push_back(x);
    observations.push_back(std::sin(6 * x) + 0.05 * rng.normal());
  }

  const Result<gp::Fitted> fitted = gp::fit(space, points, observations, {}, rng);
  if (!fitted) {
    std::fprintf(stderr, "%s\n", fitted.error().describe().c_str());
    return 1;
  }
  const gp::GaussianProcess& process = fitted->process;

  std::printf("     x    sin 6x      mean        sd\n");
  for (double x = 0; x <= 1.001; x += 0.125) {
    const gp::Prediction at = process.predict(std::vector{x});
    std::printf("%6.3f %9.3f %9.3f %9.3f\n", x, std::sin(6 * x), at.mean, at.sd);
  }

  double worst = 0;  // a calibrated process is seldom off by more than three standard deviations
  const std::vector<gp::Prediction> others = process.leave_one_out();
  for (std::size_t i = 0; i < others.size(); ++i) {
    worst = std::max(worst, std::abs(observations[i] - others[i].mean) / others[i].sd);
  }
  std::printf("largest leave-one-out residual: %.1f standard deviations\n", worst);

  const Result<std::vector<double>> draws = process.sample(points, 3, rng);
  const Result<gp::GaussianProcess> rebuilt = gp::GaussianProcess::from_state(process.state());
  if (!draws || !rebuilt) return 1;
  std::printf(
      "%zu values of 3 draws; rebuilt from its state: %s\n", draws->size(),
      rebuilt->predict(std::vector{0.4}).mean == process.predict(std::vector{0.4}).mean ? "the same" : "not the same");
  return 0;
}
