// Bayesian optimization by krige::gp alone.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "gp/acquisition/suggest.h"
#include "gp/fit/fit.h"
#include "gp/instruction_set.h"

int main() {
  using namespace krige;
  const gp::InputSpace space{{gp::Dimension{}, gp::Dimension{}}};
  gp::Points points{2, {}};
  std::vector<double> losses;
  const auto evaluate = [&](const std::vector<double>& x) {
    points.append(x);
    losses.push_back((x[0] - 0.3) * (x[0] - 0.3) + (x[1] - 0.8) * (x[1] - 0.8));
  };
  for (const double x : {0.1, 0.5, 0.9}) evaluate({x, 1 - x});

  Rng rng(1);
  while (losses.size() < 12) {
    const Result<gp::Fitted> fitted = gp::fit(space, points, losses, {}, rng);
    if (!fitted) return std::fprintf(stderr, "%s\n", fitted.error().describe().c_str()), 1;
    const auto next = gp::suggest(fitted->process, /*pending=*/{2, {}}, {}, rng);
    if (!next || next->empty()) return 1;
    evaluate(next->front().point);
  }
  const double least = *std::ranges::min_element(losses);
  const std::string_view computed_with = gp::instruction_set();
  std::printf("krige::gp (%.*s): %.2g\n", static_cast<int>(computed_with.size()), computed_with.data(), least);
  return least < 1e-3 ? 0 : 1;
}
