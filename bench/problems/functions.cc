#include "bench/problems/functions.h"

#include <array>
#include <cmath>
#include <numbers>

namespace krige::bench {
namespace {

using std::numbers::pi;

double square(double x) { return x * x; }

constexpr std::array<double, 4> kHartmannHeight = {1.0, 1.2, 3.0, 3.2};

template <std::size_t D>
using Bumps = std::array<std::array<double, D>, 4>;

constexpr Bumps<3> kHartmann3Width = {{{3, 10, 30}, {.1, 10, 35}, {3, 10, 30}, {.1, 10, 35}}};
constexpr Bumps<3> kHartmann3Centre = {{{3689, 1170, 2673}, {4699, 4387, 7470}, {1091, 8732, 5547}, {381, 5743, 8828}}};
constexpr Bumps<6> kHartmann6Width = {
    {{10, 3, 17, 3.5, 1.7, 8}, {.05, 10, 17, .1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, .05, 10, .1, 14}}};
constexpr Bumps<6> kHartmann6Centre = {{{1312, 1696, 5569, 124, 8283, 5886},
                                        {2329, 4135, 8307, 3736, 1004, 9991},
                                        {2348, 1451, 3522, 2883, 3047, 6650},
                                        {4047, 8828, 8732, 5743, 1091, 381}}};

template <std::size_t D>
double hartmann(Point x, const Bumps<D>& width, const Bumps<D>& centre) {
  double sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    double distance = 0;
    for (std::size_t j = 0; j < D; ++j) distance += width[i][j] * square(x[j] - 1e-4 * centre[i][j]);
    sum += kHartmannHeight[i] * std::exp(-distance);
  }
  return -sum;
}

}  // namespace

double ackley(Point z) {
  const auto n = static_cast<double>(z.size());
  double squares = 0;
  double cosines = 0;
  for (const double x : z) {
    squares += x * x;
    cosines += std::cos(2 * pi * x);
  }
  return -20 * std::exp(-0.2 * std::sqrt(squares / n)) - std::exp(cosines / n) + 20 + std::numbers::e;
}

double alpine(Point z) {
  double sum = 0;
  for (const double x : z) sum += std::abs(x * std::sin(x) + 0.1 * x);
  return sum;
}

double branin(Point x) {
  return square(x[1] - 5.1 / (4 * pi * pi) * x[0] * x[0] + 5 / pi * x[0] - 6) +
         10 * (1 - 1 / (8 * pi)) * std::cos(x[0]) + 10;
}

double dixon_price(Point x) {
  double sum = square(x[0] - 1);
  for (std::size_t i = 1; i < x.size(); ++i) sum += static_cast<double>(i + 1) * square(2 * x[i] * x[i] - x[i - 1]);
  return sum;
}

std::vector<double> dixon_price_solution(std::size_t dims) {
  std::vector<double> x = {1};
  while (x.size() < dims) x.push_back(std::sqrt(x.back() / 2));
  return x;
}

double griewank(Point z, double bowl) {
  double sum = 0;
  double product = 1;
  for (std::size_t i = 0; i < z.size(); ++i) {
    sum += z[i] * z[i];
    product *= std::cos(z[i] / std::sqrt(static_cast<double>(i + 1)));
  }
  return 1 + sum / 4000 * bowl - product;
}

double hartmann3(Point x) { return hartmann(x, kHartmann3Width, kHartmann3Centre); }
double hartmann6(Point x) { return hartmann(x, kHartmann6Width, kHartmann6Centre); }

double levy(Point z) {
  const auto w = [&](std::size_t i) { return 1 + z[i] / 4; };
  const std::size_t last = z.size() - 1;
  double sum = square(std::sin(pi * w(0)));
  for (std::size_t i = 0; i < last; ++i) sum += square(w(i) - 1) * (1 + 10 * square(std::sin(pi * w(i) + 1)));
  return sum + square(w(last) - 1) * (1 + square(std::sin(2 * pi * w(last))));
}

double michalewicz(Point x) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    sum += std::sin(x[i]) * std::pow(std::sin(static_cast<double>(i + 1) * x[i] * x[i] / pi), 20);
  return -sum;
}

double rastrigin(Point z) {
  double sum = 0;
  for (const double x : z) sum += x * x + 10 * (1 - std::cos(2 * pi * x));
  return sum;
}

double rosenbrock(Point x) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) sum += 100 * square(x[i + 1] - x[i] * x[i]) + square(1 - x[i]);
  return sum;
}

double shekel(Point x) {
  constexpr std::array<std::array<double, 4>, 10> kCentre = {{{4, 4, 4, 4},
                                                              {1, 1, 1, 1},
                                                              {8, 8, 8, 8},
                                                              {6, 6, 6, 6},
                                                              {3, 7, 3, 7},
                                                              {2, 9, 2, 9},
                                                              {5, 5, 3, 3},
                                                              {8, 1, 8, 1},
                                                              {6, 2, 6, 2},
                                                              {7, 3.6, 7, 3.6}}};
  constexpr std::array<double, 10> kWidth = {.1, .2, .2, .4, .4, .6, .3, .7, .5, .5};
  double sum = 0;
  for (std::size_t i = 0; i < kCentre.size(); ++i) {
    double distance = kWidth[i];
    for (std::size_t j = 0; j < 4; ++j) distance += square(x[j] - kCentre[i][j]);
    sum += 1 / distance;
  }
  return -sum;
}

double six_hump_camel(Point x) {
  const double a = x[0] * x[0];
  const double b = x[1] * x[1];
  return (4 - 2.1 * a + a * a / 3) * a + x[0] * x[1] + (-4 + 4 * b) * b;
}

double styblinski_tang(Point x) {
  double sum = 0;
  for (const double v : x) sum += square(v * v) - 16 * v * v + 5 * v;
  return sum / 2;
}

double sum_of_powers(Point z) {
  double sum = 0;
  for (std::size_t i = 0; i < z.size(); ++i) sum += std::pow(std::abs(z[i]), static_cast<double>(2 + i % 3));
  return sum;
}

double zakharov(Point z) {
  double squares = 0;
  double slope = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    squares += z[i] * z[i];
    slope += 0.5 * static_cast<double>(i + 1) * z[i];
  }
  return squares + slope * slope + square(slope * slope);
}

}  // namespace krige::bench
