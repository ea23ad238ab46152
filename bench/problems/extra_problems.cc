// Problems beside the development ones, so that a sampler is not fitted to those: every instance is drawn.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>

#include "bench/problems/functions.h"
#include "bench/problems/make.h"

namespace krige::bench {
namespace {

using tuner::Params;

double square(double x) { return x * x; }

Problem camel2(Constants& constants) {
  const Box box{{-3, -2}, {3, 2}};
  return make_mapped(constants.map(box), box, -1.0316284534898774, {0.089842012, -0.712656403}, six_hump_camel);
}

Problem shekel4(Constants& constants) {
  const Box box = Box::cube(4, 0, 10);
  const Vector solution = {4.000746532, 4.000592934, 3.999663397, 3.999509799};
  return make_mapped(constants.map(box), box, -10.536409816692046, solution, shekel);
}

Problem dixonprice5(Constants& constants) {
  const Box box = Box::cube(5, -10, 10);
  return make_mapped(constants.map(box), box, 0, dixon_price_solution(5), dixon_price);
}

Problem rastrigin4(Constants& constants) {
  return make_shifted(Box::cube(4, -5.12, 5.12), constants.shift(4, -5.12, 5.12), rastrigin);
}

Problem alpine5(Constants& constants) {
  return make_shifted(Box::cube(5, -10, 10), constants.shift(5, -10, 10), alpine);
}

Problem zakharov6(Constants& constants) {
  return make_shifted(Box::cube(6, -5, 10), constants.shift(6, -5, 10), zakharov);
}

Problem powers20(Constants& constants) {
  return make_shifted(Box::cube(20, -1, 1), constants.shift(20, -1, 1), sum_of_powers);
}

Problem braninnoisy(Constants& constants) {
  const Box box{{-5, 0}, {10, 15}};
  Problem problem = make_mapped(constants.map(box), box, 0.39788735772973816, {std::numbers::pi, 2.275}, branin);
  problem.noise = 5;
  return problem;
}

// An error rate over 64 validation examples: a steep funnel of steps in a plain where every example is wrong.
Problem steps4(Constants& constants) {
  const Vector weight = constants.uniform("weight", 4, 0.2, 1);
  return make_shifted(Box::cube(4, 0, 1), constants.shift(4, 0, 1), [weight](const Vector& z) {
    double bowl = 0;
    for (std::size_t i = 0; i < z.size(); ++i) bowl += weight[i] * z[i] * z[i];
    return std::floor(64 * (200 * bowl / (1 + 200 * bowl))) / 64;
  });
}

// A loss that explodes: 0 at the optimum, 10⁶ in the farthest corner.
Problem heavy4(Constants& constants) {
  const Vector weight = constants.uniform("weight", 4, 0.3, 1);
  const Vector shift = constants.shift(4, -5, 5);
  double farthest = 0;
  for (std::size_t i = 0; i < 4; ++i) farthest += weight[i] * square(5 + std::abs(shift[i]));
  return make_shifted(Box::cube(4, -5, 5), shift, [weight, scale = std::log(1e6) / farthest](const Vector& z) {
    double bowl = 0;
    for (std::size_t i = 0; i < z.size(); ++i) bowl += weight[i] * z[i] * z[i];
    return std::expm1(scale * bowl);
  });
}

// A curved, rippled valley in two of eight dimensions; the six others matter little.
Problem sparse8(Constants& constants) {
  const std::vector<std::size_t> order = constants.permutation(8);
  return make_shifted(Box::cube(8, 0, 1), constants.shift(8, 0, 1), [order](const Vector& z) {
    const double a = z[order[0]];
    const double b = z[order[1]];
    double sum = 3 * a * a + 6 * square(b - a * a) + 0.15 * (1 - std::cos(6 * std::numbers::pi * a));
    for (std::size_t i = 2; i < order.size(); ++i) sum += 0.02 * square(z[order[i]]);
    return sum;
  });
}

struct Branches {
  std::array<std::string, 3> algorithm;  // from the best to the worst
  double scale, l2, depth, trees, rate, width, dropout;
};

// Each branch's own loss above its floor, 0 at its centre.
double branch_loss(const Params& p, const std::string& algorithm, const Branches& at) {
  const auto decades = [&](const char* name, double centre) { return std::log10(number(p, name) / centre); };
  if (algorithm == "linear") return 0.05 * square(decades("l2", at.l2));
  if (algorithm == "forest")
    return 0.2 * square(decades("trees", at.trees)) + 0.004 * square(number(p, "depth") - at.depth);
  const double rate = decades("rate", at.rate);
  const double width = decades("width", at.width);
  return 0.15 * square(rate + 0.5 * width) + 0.1 * square(width) + square(number(p, "dropout") - at.dropout);
}

Branches draw_branches(Constants& constants) {
  Branches at{{"linear", "forest", "net"}, 0, 0, 0, 0, 0, 0, 0};
  Rng& rng = constants.rng();
  rng.shuffle(std::span<std::string>(at.algorithm));
  at.scale = rng.uniform(0.15, 0.85);
  at.l2 = std::pow(10, rng.uniform(-5, 1));
  at.depth = static_cast<double>(3 + rng.below(15));
  at.trees = std::round(std::pow(10, rng.uniform(1.3, 2.4)));
  at.rate = std::pow(10, rng.uniform(-4, -1));
  at.width = std::round(std::pow(10, rng.uniform(1.3, 2.4)));
  at.dropout = rng.uniform(0.1, 0.6);
  return at;
}

Params branches_solution(const Branches& at) {
  Params out = {{"algo", at.algorithm[0]}, {"scale", at.scale}};
  if (at.algorithm[0] == "linear") out.emplace_back("l2", at.l2);
  if (at.algorithm[0] == "forest") {
    out.emplace_back("trees", static_cast<std::int64_t>(at.trees));
    out.emplace_back("depth", static_cast<std::int64_t>(at.depth));
  }
  if (at.algorithm[0] == "net") {
    out.emplace_back("rate", at.rate);
    out.emplace_back("width", static_cast<std::int64_t>(at.width));
    out.emplace_back("dropout", at.dropout);
  }
  return out;
}

// Three algorithms with parameters of their own, as in choosing a model.
Problem branches8(Constants& constants) {
  const Branches at = draw_branches(constants);
  const auto when = [](OrderedJson parameter, const char* algorithm) {
    parameter["when"] = {{"algo", algorithm}};
    return parameter;
  };
  const OrderedJson parameters{{"algo", categorical_parameter({"linear", "forest", "net"})},
                               {"scale", float_parameter(0, 1)},
                               {"l2", when(log_float_parameter(1e-6, 1e2), "linear")},
                               {"trees", when(log_int_parameter(10, 500), "forest")},
                               {"depth", when(int_parameter(1, 20), "forest")},
                               {"rate", when(log_float_parameter(1e-5, 1), "net")},
                               {"width", when(log_int_parameter(8, 512), "net")},
                               {"dropout", when(float_parameter(0, 0.7), "net")}};
  return make(parameters, 0, branches_solution(at), [at](const Params& p) {
    constexpr std::array<double, 3> kFloor = {0, 0.04, 0.12};
    const std::string& algorithm = text(p, "algo");
    const auto rank = std::ranges::find(at.algorithm, algorithm) - at.algorithm.begin();
    return kFloor[static_cast<std::size_t>(rank)] + branch_loss(p, algorithm, at) +
           0.3 * square(number(p, "scale") - at.scale);
  });
}

// Six categoricals: an effect for each level and one for each pair of levels of two parameters.
class Levels {
 public:
  static constexpr std::array<std::size_t, 6> kCounts = {4, 5, 4, 5, 4, 5};
  using Choice = std::array<std::size_t, 6>;

  explicit Levels(Rng& rng) {
    for (std::size_t i = 0; i < kCounts.size(); ++i)
      for (std::size_t j = i; j < kCounts.size(); ++j)
        for (double& effect : effects_[i][j]) effect = (i == j ? 1 : 0.5) * rng.normal();
  }

  [[nodiscard]] double value(const Choice& choice) const {
    double sum = 0;
    for (std::size_t i = 0; i < choice.size(); ++i)
      for (std::size_t j = i; j < choice.size(); ++j) sum += effects_[i][j][choice[i] * kMost + choice[j]];
    return sum;
  }

  [[nodiscard]] Choice best() const {
    Choice choice{};
    Choice found{};
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t left = 4 * 5 * 4 * 5 * 4 * 5; left > 0; --left) {
      for (std::size_t i = 0; i < choice.size() && ++choice[i] == kCounts[i]; ++i) choice[i] = 0;
      if (const double here = value(choice); here < least) {
        least = here;
        found = choice;
      }
    }
    return found;
  }

 private:
  static constexpr std::size_t kMost = 5;
  std::array<std::array<std::array<double, kMost * kMost>, 6>, 6> effects_{};
};

Problem categorical6(Constants& constants) {
  const Levels levels(constants.rng());
  const std::vector<std::string> names = {"a", "b", "c", "d", "e"};
  const Levels::Choice best = levels.best();
  OrderedJson parameters;
  Params solution;
  for (std::size_t i = 0; i < best.size(); ++i) {
    const std::string name = fmt::format("c{}", i);
    parameters[name] =
        categorical_parameter({names.begin(), names.begin() + static_cast<std::ptrdiff_t>(Levels::kCounts[i])});
    solution.emplace_back(name, names[best[i]]);
  }
  return make(parameters, levels.value(best), solution, [levels](const Params& p) {
    Levels::Choice choice{};
    for (std::size_t i = 0; i < choice.size(); ++i)
      choice[i] = static_cast<std::size_t>(text(p, fmt::format("c{}", i))[0] - 'a');
    return levels.value(choice);
  });
}

constexpr std::array<Maker, 13> kMakers = {{{"camel2", camel2},
                                            {"braninnoisy", braninnoisy},
                                            {"shekel4", shekel4},
                                            {"rastrigin4", rastrigin4},
                                            {"steps4", steps4},
                                            {"heavy4", heavy4},
                                            {"dixonprice5", dixonprice5},
                                            {"alpine5", alpine5},
                                            {"zakharov6", zakharov6},
                                            {"sparse8", sparse8},
                                            {"powers20", powers20},
                                            {"branches8", branches8},
                                            {"categorical6", categorical6}}};

}  // namespace

std::span<const Maker> extra_makers() { return kMakers; }

}  // namespace krige::bench
