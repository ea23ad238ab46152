// The classical test functions, without shift, rotation or noise.
#pragma once

#include <span>
#include <vector>

namespace krige::bench {

using Point = std::span<const double>;

[[nodiscard]] double ackley(Point z);
[[nodiscard]] double alpine(Point z);
[[nodiscard]] double branin(Point x);
[[nodiscard]] double dixon_price(Point x);
[[nodiscard]] double griewank(Point z, double bowl);  // `bowl`: how much steeper than the textbook's
[[nodiscard]] double hartmann3(Point x);
[[nodiscard]] double hartmann6(Point x);
[[nodiscard]] double levy(Point z);  // optimum at 0
[[nodiscard]] double michalewicz(Point x);
[[nodiscard]] double rastrigin(Point z);
[[nodiscard]] double rosenbrock(Point x);
[[nodiscard]] double shekel(Point x);  // m = 10
[[nodiscard]] double six_hump_camel(Point x);
[[nodiscard]] double styblinski_tang(Point x);
[[nodiscard]] double sum_of_powers(Point z);
[[nodiscard]] double zakharov(Point z);

[[nodiscard]] std::vector<double> dixon_price_solution(std::size_t dims);

}  // namespace krige::bench
