#include "tuner/study/learning_curve.h"

#include <algorithm>
#include <array>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <functional>

namespace krige::tuner {
namespace {

// Of φ: exponents of a power of t, and time constants as parts of the last step asked for.
constexpr std::array kExponents{0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0};
constexpr std::array kTimeConstants{0.02, 0.05, 0.1, 0.2, 0.5, 1.0};

// The prior, in units of the scale: σ² is inverse gamma with this mean and shape, c and a are normal with a standard
// deviation of about one.
constexpr double kNoiseVariance = 0.05 * 0.05;
constexpr double kShape = 2;
constexpr double kWidth = 1 / kNoiseVariance;

struct Prediction {
  double log_weight;
  double mean;
  double spread;  // of the Student t, not its standard deviation
};

// The posterior of (c, a) for one φ: two by two, so written out.
Prediction predict(const std::vector<double>& phi, const std::vector<double>& y, double phi_there) {
  const auto n = static_cast<double>(y.size());
  double precision_cc = 1 / kWidth + n;
  double precision_ca = 0;
  double precision_aa = 1 / kWidth;
  double cy = 0;
  double ay = 0;
  double yy = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    precision_ca += phi[i];
    precision_aa += phi[i] * phi[i];
    cy += y[i];
    ay += phi[i] * y[i];
    yy += y[i] * y[i];
  }
  const double determinant = precision_cc * precision_aa - precision_ca * precision_ca;
  const double c = (precision_aa * cy - precision_ca * ay) / determinant;
  const double a = (precision_cc * ay - precision_ca * cy) / determinant;
  const double shape = kShape + n / 2;
  const double rate = kNoiseVariance * (kShape - 1) + std::max(0.0, yy - (c * cy + a * ay)) / 2;
  const double variance_there =
      1 + (precision_aa - 2 * phi_there * precision_ca + phi_there * phi_there * precision_cc) / determinant;
  return {-0.5 * std::log(determinant) - shape * std::log(rate), c + a * phi_there,
          std::sqrt(rate / shape * variance_there)};
}

}  // namespace

double probability_below(const Curve& curve, std::int64_t step, double level, double scale) {
  const double origin = curve.back().second;
  std::vector<double> y;
  for (const auto& [at, value] : curve) y.push_back((value - origin) / scale);
  const auto there = static_cast<double>(step);
  std::vector<std::function<double(double)>> shapes;
  for (const double exponent : kExponents) shapes.emplace_back([=](double t) { return std::pow(t, -exponent); });
  for (const double part : kTimeConstants) shapes.emplace_back([=](double t) { return std::exp(-t / (part * there)); });

  std::vector<Prediction> predictions;
  for (const auto& shape : shapes) {
    std::vector<double> phi;
    for (const auto& [at, value] : curve) phi.push_back(shape(static_cast<double>(at)));
    predictions.push_back(predict(phi, y, shape(there)));
  }
  const double largest = std::ranges::max(predictions, {}, &Prediction::log_weight).log_weight;
  const boost::math::students_t student(2 * kShape + static_cast<double>(y.size()));
  double total = 0;
  double below = 0;
  for (const Prediction& model : predictions) {
    const double weight = std::exp(model.log_weight - largest);
    total += weight;
    below += weight * boost::math::cdf(student, ((level - origin) / scale - model.mean) / model.spread);
  }
  return below / total;
}

}  // namespace krige::tuner
