#include "bench/problems/outcome_problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "gp/hypervolume/hypervolume.h"

namespace krige::bench {
namespace {

using std::numbers::pi;
using Point = std::vector<double>;

constexpr std::size_t kZdtDims = 6;

std::vector<std::pair<double, double>> box(std::size_t dims, double low, double high) {
  return std::vector<std::pair<double, double>>(dims, {low, high});
}

// Of a curve of Pareto-optimal points, t from 0 to 1.
double hypervolume_of(const std::function<gp::Objectives(double)>& front, const std::vector<double>& reference) {
  constexpr int kPoints = 4000;
  std::vector<gp::Objectives> points;
  for (int i = 0; i <= kPoints; ++i) points.push_back(front(static_cast<double>(i) / kPoints));
  return gp::hypervolume(points, reference);
}

double mean_of_rest(const Point& x) {
  double sum = 0;
  for (std::size_t i = 1; i < x.size(); ++i) sum += x[i];
  return sum / static_cast<double>(x.size() - 1);
}

// Zitzler, Deb, Thiele 2000.
OutcomeProblem zdt(int number) {
  const auto shape = [number](double ratio) { return number == 1 ? 1 - std::sqrt(ratio) : 1 - ratio * ratio; };
  OutcomeProblem out{fmt::format("zdt{}", number), box(kZdtDims, 0, 1), 2, 0, {1.1, 1.1}, 0, {}};
  out.best = hypervolume_of([&](double t) { return gp::Objectives{t, shape(t)}; }, out.reference);
  out.evaluate = [shape](const Point& x) {
    const double g = 1 + 9 * mean_of_rest(x);
    return Outcomes{{x[0], g * shape(x[0] / g)}, {}};
  };
  return out;
}

// Belakaria, Deshwal, Doppa 2019; its hypervolume is BoTorch's.
OutcomeProblem branin_currin() {
  OutcomeProblem out{"branin-currin", box(2, 0, 1), 2, 0, {18, 6}, 59.36011874867746, {}};
  out.evaluate = [](const Point& u) {
    const double x = 15 * u[0] - 5, y = 15 * u[1];
    const double valley = y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6;
    const double branin = valley * valley + 10 * (1 - 1 / (8 * pi)) * std::cos(x) + 10;
    const double factor = u[1] > 0 ? 1 - std::exp(-1 / (2 * u[1])) : 1;
    const double a = u[0];
    const double currin = factor * (((2300 * a + 1900) * a + 2092) * a + 60) / (((100 * a + 500) * a + 4) * a + 20);
    return Outcomes{{branin, currin}, {}};
  };
  return out;
}

// The objectives of DTLZ2 (Deb, Thiele, Laumanns, Zitzler 2002).
gp::Objectives dtlz2_objectives(const Point& x, std::size_t m) {
  double g = 0;
  for (std::size_t i = m - 1; i < x.size(); ++i) g += (x[i] - 0.5) * (x[i] - 0.5);
  gp::Objectives f(m, 1 + g);
  for (std::size_t j = 0; j < m; ++j) {
    for (std::size_t i = 0; i + j + 1 < m; ++i) f[j] *= std::cos(x[i] * pi / 2);
    if (j > 0) f[j] *= std::sin(x[m - 1 - j] * pi / 2);
  }
  return f;
}

OutcomeProblem dtlz2(std::size_t m) {
  const double ball = m == 2 ? pi / 4 : m == 3 ? pi / 6 : pi * pi / 32;  // of radius 1, in the positive orthant
  OutcomeProblem out{fmt::format("dtlz2-{}", m), box(6, 0, 1), m, 0, std::vector<double>(m, 1.1), 0, {}};
  out.best = std::pow(1.1, static_cast<double>(m)) - ball;
  out.evaluate = [m](const Point& x) { return Outcomes{dtlz2_objectives(x, m), {}}; };
  return out;
}

// Deb, Jain 2014: of the front only the parts near the axes and the diagonal are allowed. Its hypervolume is BoTorch's.
OutcomeProblem c2_dtlz2() {
  OutcomeProblem out{"c2-dtlz2", box(4, 0, 1), 2, 1, {1.1, 1.1}, 0.3996406303723544, {}};
  out.evaluate = [](const Point& x) {
    constexpr double kRadius = 0.2;
    const gp::Objectives f = dtlz2_objectives(x, 2);
    double nearest = 0;
    for (const double one : f) nearest += std::pow(one - 1 / std::sqrt(2.0), 2) - kRadius * kRadius;
    for (std::size_t i = 0; i < 2; ++i)
      nearest = std::min(nearest, std::pow(f[i] - 1, 2) + f[1 - i] * f[1 - i] - kRadius * kRadius);
    return Outcomes{f, {nearest}};
  };
  return out;
}

// Binh, Korn 1997.
OutcomeProblem bnh() {
  OutcomeProblem out{"bnh", {{0, 5}, {0, 3}}, 2, 2, {140, 50}, 0, {}};
  const auto objectives = [](double x, double y) {
    return gp::Objectives{4 * x * x + 4 * y * y, std::pow(x - 5, 2) + std::pow(y - 5, 2)};
  };
  out.best = hypervolume_of([&](double t) { return objectives(5 * t, std::min(5 * t, 3.0)); }, out.reference);
  out.evaluate = [objectives](const Point& x) {
    return Outcomes{objectives(x[0], x[1]),
                    {std::pow(x[0] - 5, 2) + x[1] * x[1] - 25, 7.7 - std::pow(x[0] - 8, 2) - std::pow(x[1] + 3, 2)}};
  };
  return out;
}

// Gramacy et al., "Modeling an augmented Lagrangian for blackbox constrained optimization", 2016.
OutcomeProblem gramacy() {
  OutcomeProblem out{"gramacy", box(2, 0, 1), 1, 2, {}, 0.5997880520301663, {}};
  out.evaluate = [](const Point& x) {
    return Outcomes{
        {x[0] + x[1]},
        {1.5 - x[0] - 2 * x[1] - 0.5 * std::sin(2 * pi * (x[0] * x[0] - 2 * x[1])), x[0] * x[0] + x[1] * x[1] - 1.5}};
  };
  return out;
}

// Gardner et al. 2014, the first and the second simulation; the second's feasible places are small.
OutcomeProblem gardner(int number) {
  OutcomeProblem out{
      fmt::format("gardner{}", number), box(2, 0, 6), 1, 1, {}, number == 1 ? -2.0 : std::asin(0.95) - 1, {}};
  out.evaluate = [number](const Point& x) {
    if (number == 1)
      return Outcomes{{std::cos(2 * x[0]) * std::cos(x[1]) + std::sin(x[0])}, {std::cos(x[0] + x[1]) - 0.5}};
    return Outcomes{{std::sin(x[0]) + x[1]}, {std::sin(x[0]) * std::sin(x[1]) + 0.95}};
  };
  return out;
}

}  // namespace

Result<tuner::StudySpec> OutcomeProblem::study(tuner::Method method, std::uint64_t seed) const {
  OrderedJson json{{"method", tuner::name(method)}, {"seed", seed}};
  for (std::size_t i = 0; i < bounds.size(); ++i)
    json["parameters"][fmt::format("x{}", i)] = {
        {"type", "float"}, {"min", bounds[i].first}, {"max", bounds[i].second}};
  if (objectives == 1) json["metric"] = {{"name", "f0"}};
  for (std::size_t j = 0; objectives > 1 && j < objectives; ++j)
    json["objectives"].push_back({{"name", fmt::format("f{}", j)}});
  for (std::size_t c = 0; c < constraints; ++c)
    json["constraints"].push_back({{"name", fmt::format("c{}", c)}, {"max", 0}});
  return tuner::parse_study(json);
}

Outcomes OutcomeProblem::at(const tuner::Params& params) const {
  Point x;
  for (std::size_t i = 0; i < bounds.size(); ++i)
    x.push_back(std::get<double>(*tuner::find(params, fmt::format("x{}", i))));
  return evaluate(x);
}

const std::vector<OutcomeProblem>& outcome_problems() {
  static const std::vector<OutcomeProblem> kAll{zdt(1),     zdt(2), branin_currin(), dtlz2(2),   dtlz2(3),
                                                c2_dtlz2(), bnh(),  gramacy(),       gardner(1), gardner(2)};
  return kAll;
}

}  // namespace krige::bench
