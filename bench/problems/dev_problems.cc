// The sixteen development problems, as dev.json records them.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "bench/problems/functions.h"
#include "bench/problems/make.h"

namespace krige::bench {
namespace {

using tuner::Params;

constexpr double kHartmann3Optimum = -3.862782147820755;
const Vector kHartmann3Solution = {0.114588877, 0.555648894, 0.852546984};

double square(double x) { return x * x; }

// 10^(span · i / (d − 1)) for each coordinate: an ellipsoid's axes.
double stretched_squares(const Vector& z, double span) {
  double sum = 0;
  for (std::size_t i = 0; i < z.size(); ++i)
    sum += std::pow(10.0, span * static_cast<double>(i) / static_cast<double>(z.size() - 1)) * z[i] * z[i];
  return sum;
}

Problem branin2(Constants& constants) {
  const Box box{{-5, 0}, {10, 15}};
  return make_mapped(constants.map(box), box, 0.39788735772973816, {std::numbers::pi, 2.275}, branin);
}

Problem hartmann3_(Constants& constants) {
  const Box box = Box::cube(3, 0, 1);
  return make_mapped(constants.map(box), box, kHartmann3Optimum, kHartmann3Solution, hartmann3);
}

Problem hartmann6_(Constants& constants) {
  const Box box = Box::cube(6, 0, 1);
  const Vector solution = {0.20168951, 0.150010692, 0.476873974, 0.27533243, 0.311651618, 0.657300535};
  return make_mapped(constants.map(box), box, -3.322368011391339, solution, hartmann6);
}

Problem hartmann6noisy(Constants& constants) {
  Problem problem = hartmann6_(constants);
  problem.noise = 0.15;
  return problem;
}

template <std::size_t D>
Problem ackley_(Constants& constants) {
  return make_shifted(Box::cube(D, -10, 10), constants.shift(D, -10, 10), ackley);
}

Problem levy8(Constants& constants) { return make_shifted(Box::cube(8, -10, 10), constants.shift(8, -10, 10), levy); }

Problem rosenbrock4(Constants& constants) {
  const Box box = Box::cube(4, -5, 10);
  return make_mapped(constants.map(box), box, 0, Vector(4, 1), rosenbrock);
}

Problem styblinski6(Constants& constants) {
  const Box box = Box::cube(6, -5, 5);
  return make_mapped(constants.map(box), box, -39.16616570377142 * 6, Vector(6, -2.903534028), styblinski_tang);
}

Problem michalewicz5(Constants& constants) {
  const Box box = Box::cube(5, 0, std::numbers::pi);
  const Vector solution = {2.20290552, 1.570796322, 1.28499157, 1.923058469, 1.720469773};
  return make_mapped(constants.map(box), box, -4.687658179088148, solution, michalewicz);
}

Problem griewank6(Constants& constants) {
  // The box is 12 times smaller than the textbook's.
  return make_shifted(Box::cube(6, -50, 50), constants.shift(6, -50, 50),
                      [](const Vector& z) { return griewank(z, 12); });
}

Problem ellipsoid6rot(Constants& constants) {
  const Vector shift = constants.shift(6, -5, 5);
  return make_shifted(Box::cube(6, -5, 5), shift, [rotation = constants.rotation(6)](const Vector& z) {
    return stretched_squares(rotation.times(z), 3);
  });
}

Problem hartmann3of10(Constants& constants) {
  static constexpr std::array<std::size_t, 3> kActive = {1, 4, 8};
  const Box box = Box::cube(10, 0, 1);
  Vector solution(10, 0.5);
  for (std::size_t i = 0; i < 3; ++i) solution[kActive[i]] = kHartmann3Solution[i];
  return make_mapped(constants.map(box), box, kHartmann3Optimum, solution, [](const Vector& x) {
    return hartmann3(std::array{x[kActive[0]], x[kActive[1]], x[kActive[2]]});
  });
}

double valley(const Vector& u) {
  const double base =
      8 * square(u[0] - 0.5 * u[2]) + 2 * u[1] * u[1] + u[2] * u[2] + 1.5 * square(u[3] + 0.4 * u[0]) + u[4] * u[4];
  return 1 - std::exp(-3 * base) + 0.3 * base;
}

Problem logscale5(Constants& constants) {
  const Vector centre = constants.uniform("centre", 5, 0.25, 0.75);
  const OrderedJson parameters{{"lr", log_float_parameter(1e-6, 1)},
                               {"wd", log_float_parameter(1e-8, 1e-1)},
                               {"batch", log_int_parameter(8, 1024)},
                               {"decay", log_float_parameter(1e-4, 1)},
                               {"drop", float_parameter(0, 0.9)}};
  const Params solution = {{"lr", 1e-6 * std::pow(1e6, centre[0])},
                           {"wd", 1e-8 * std::pow(1e7, centre[1])},
                           {"batch", std::int64_t{std::llround(8 * std::pow(128, centre[2]))}},
                           {"decay", 1e-4 * std::pow(1e4, centre[3])},
                           {"drop", 0.9 * centre[4]}};
  return make(parameters, 0, solution, [centre](const Params& p) {
    const Vector u = {std::log(number(p, "lr") / 1e-6) / std::log(1e6),
                      std::log(number(p, "wd") / 1e-8) / std::log(1e7),
                      std::log(number(p, "batch") / 8) / std::log(128.0),
                      std::log(number(p, "decay") / 1e-4) / std::log(1e4), number(p, "drop") / 0.9};
    return valley(minus(u, centre));
  });
}

double mixed(const Params& p, const Vector& shift) {
  const char kind = text(p, "kind")[0];
  constexpr std::array<double, 4> kBase = {0.9, 0.0, 0.35, 1.6};
  constexpr std::array<double, 4> kMove = {-0.5, 0.3, 0.1, 0.6};
  const auto which = static_cast<std::size_t>(kind - 'a');
  const std::string& act = text(p, "act");
  const double act_cost = act == "relu" ? 0.2 : act == "tanh" ? 0.0 : 0.8;
  const double k = number(p, "k");
  const double move = 0.4 * (kMove[which] - 0.3);
  const Vector z = {number(p, "x0"), number(p, "x1"), (std::log10(number(p, "x2")) + 2.5) / 2.5};
  const double bowl = square(z[0] - shift[0] - move) + square(z[1] - shift[1]) + square(z[2] - shift[2]);
  return 2 * bowl + kBase[which] + act_cost * (1 + std::abs(z[1])) + 0.08 * std::pow(std::abs(k - 7), 1.5) +
         0.05 * square(number(p, "m") - 3 - (k > 9 ? 1 : 0)) + 0.2 * (1 - std::cos(5 * (z[0] - shift[0] - move)));
}

Problem mixed7(Constants& constants) {
  const Vector shift = constants.uniform("shift", 3, -0.5, 0.5);
  const OrderedJson parameters{{"x0", float_parameter(-1, 1)},
                               {"x1", float_parameter(-1, 1)},
                               {"x2", log_float_parameter(1e-5, 1)},
                               {"k", int_parameter(1, 20)},
                               {"m", int_parameter(1, 6)},
                               {"kind", categorical_parameter({"a", "b", "c", "d"})},
                               {"act", categorical_parameter({"relu", "tanh", "none"})}};
  const Params solution = {{"x0", shift[0]},
                           {"x1", shift[1]},
                           {"x2", std::pow(10, 2.5 * (shift[2] - 1))},
                           {"k", std::int64_t{7}},
                           {"m", std::int64_t{3}},
                           {"kind", std::string("b")},
                           {"act", std::string("tanh")}};
  return make(parameters, 0, solution, [shift](const Params& p) { return mixed(p, shift); });
}

Problem intgrid6(Constants& constants) {
  Vector shift = constants.shift(6, 0, 20);
  OrderedJson parameters;
  for (std::size_t i = 0; i < shift.size(); ++i) {
    shift[i] = std::nearbyint(shift[i]);
    parameters[fmt::format("x{}", i)] = int_parameter(0, 20);
  }
  return make(parameters, 0, point(shift), [shift, rotation = constants.rotation(6)](const Params& p) {
    const Vector offset = minus(coordinates(p), shift);
    Vector scaled;
    double ripple = 0;
    for (const double x : offset) {
      scaled.push_back(x / 10);
      ripple += 1 - std::cos(0.4 * std::numbers::pi * x);
    }
    return stretched_squares(rotation.times(scaled), 1) + 0.3 * ripple;
  });
}

constexpr std::array<Maker, 16> kMakers = {{{"branin2", branin2},
                                            {"hartmann3", hartmann3_},
                                            {"hartmann6", hartmann6_},
                                            {"hartmann6noisy", hartmann6noisy},
                                            {"ackley5", ackley_<5>},
                                            {"ackley10", ackley_<10>},
                                            {"levy8", levy8},
                                            {"rosenbrock4", rosenbrock4},
                                            {"styblinski6", styblinski6},
                                            {"michalewicz5", michalewicz5},
                                            {"griewank6", griewank6},
                                            {"ellipsoid6rot", ellipsoid6rot},
                                            {"hartmann3of10", hartmann3of10},
                                            {"logscale5", logscale5},
                                            {"mixed7", mixed7},
                                            {"intgrid6", intgrid6}}};

}  // namespace

std::span<const Maker> dev_makers() { return kMakers; }

}  // namespace krige::bench
