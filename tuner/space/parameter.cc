#include "tuner/space/parameter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numbers>

#include "tuner/space/normal_quantile.h"

namespace krige::tuner {
namespace {

constexpr double kContinuum = 0x1p53;  // beyond, a double cannot tell the values apart

double clamp_unit(double u) { return std::clamp(u, 0.0, 1.0); }

bool is_numeric(const Parameter& p) { return p.kind == ParameterKind::floating || p.kind == ParameterKind::integer; }

// 0 for a continuum.
double step_of(const Parameter& p) {
  if (p.step) return *p.step;
  return p.kind == ParameterKind::integer ? 1 : 0;
}

// The largest index of a stepped range; the tolerance forgives 0.1 + 0.1 + 0.1 ≠ 0.3.
double last_index(const Parameter& p) { return std::floor((p.max - p.min) / step_of(p) + 1e-9); }

Value stepped_value(const Parameter& p, double index) {
  const double x = p.min + std::clamp(index, 0.0, last_index(p)) * step_of(p);
  if (p.kind == ParameterKind::integer) return static_cast<std::int64_t>(std::llround(x));
  // 12 digits: 0.1 + 2 · 0.1 is 0.3 to a user. Not where these cannot tell the values apart.
  const std::string text = fmt::format("{:.12g}", x);
  double shown = x;
  std::from_chars(text.data(), text.data() + text.size(), shown);
  return std::clamp(std::abs(shown - x) < 1e-7 * step_of(p) ? shown : x, p.min, p.max);
}

double number(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::numeric_limits<double>::quiet_NaN();
}

// Position of x in [low, high] by the scale.
double to_unit(Scale scale, double x, double low, double high) {
  if (scale == Scale::log) return (std::log(x) - std::log(low)) / (std::log(high) - std::log(low));
  return (x - low) / (high - low);
}

double from_unit(Scale scale, double u, double low, double high) {
  if (u <= 0) return low;
  if (u >= 1) return high;
  if (scale == Scale::log) return std::exp(std::log(low) + u * (std::log(high) - std::log(low)));
  return low + u * (high - low);
}

// Of the value of a categorical or an ordinal that is nearest to a coordinate.
std::size_t nearest_index(const Parameter& p, double coordinate) {
  const auto last = static_cast<double>(p.values.size() - 1);
  const double index = p.kind == ParameterKind::categorical ? coordinate : coordinate * last;
  return static_cast<std::size_t>(std::clamp(std::round(index), 0.0, last));
}

// Outer bounds under which each value of a stepped range owns the numbers that round to it.
double lower_edge(const Parameter& p) {
  const double edge = p.min - step_of(p) / 2;
  return p.scale == Scale::log ? std::max(edge, p.min / 2) : edge;
}
double upper_edge(const Parameter& p) { return p.min + (last_index(p) + 0.5) * step_of(p); }

double normal_from_quantile(const Parameter& p, double u) {
  constexpr double kEdge = 1e-9;  // ±6 σ
  const double x = p.mu + p.sigma * normal_quantile(std::clamp(u, kEdge, 1 - kEdge));
  return p.step ? std::round(x / *p.step) * *p.step : x;
}

}  // namespace

std::optional<std::int64_t> Parameter::cardinality() const {
  if (!is_numeric(*this)) return static_cast<std::int64_t>(values.size());
  if (step_of(*this) == 0 || scale == Scale::normal) return std::nullopt;
  const double last = last_index(*this);
  if (last + 1 >= kContinuum) return std::nullopt;
  return static_cast<std::int64_t>(last) + 1;
}

Value Parameter::at_index(std::int64_t i) const {
  if (!is_numeric(*this)) return values[static_cast<std::size_t>(i)];
  return stepped_value(*this, static_cast<double>(i));
}

Value Parameter::at_quantile(double u) const {
  u = clamp_unit(u);
  if (!is_numeric(*this)) {
    double below = 0;
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
      below += probabilities[i];
      if (u < below) return values[i];
    }
    const auto n = static_cast<double>(values.size());
    if (!probabilities.empty()) return values.back();
    return values[static_cast<std::size_t>(std::min(u * n, n - 1))];
  }
  if (scale == Scale::normal) return normal_from_quantile(*this, u);
  if (step_of(*this) == 0) return from_unit(scale, u, min, max);
  const double x = from_unit(scale, u, lower_edge(*this), upper_edge(*this));
  return stepped_value(*this, std::round((x - min) / step_of(*this)));
}

double Parameter::encode(const Value& value) const {
  if (!is_numeric(*this)) {
    const auto found = std::ranges::find_if(values, [&](const Value& one) { return equal(one, value); });
    const auto index = static_cast<double>(found - values.begin());
    if (kind == ParameterKind::categorical) return index;
    return values.size() < 2 ? 0 : index / static_cast<double>(values.size() - 1);
  }
  const double x = number(value);
  if (scale == Scale::normal) return clamp_unit(0.5 * std::erfc(-(x - mu) / sigma / std::numbers::sqrt2));
  return clamp_unit(to_unit(scale, x, min, max));
}

Value Parameter::decode(double coordinate) const {
  if (!is_numeric(*this)) return values[nearest_index(*this, coordinate)];
  if (scale == Scale::normal) return normal_from_quantile(*this, clamp_unit(coordinate));
  const double x = from_unit(scale, clamp_unit(coordinate), min, max);
  if (step_of(*this) == 0) return x;
  return stepped_value(*this, std::round((x - min) / step_of(*this)));
}

Interval Parameter::interval(const Value& value) const {
  const double middle = encode(value);
  if (!is_numeric(*this)) {
    if (kind == ParameterKind::categorical) return {middle - 0.5, middle + 0.5};
    if (values.size() < 2) return {0, 1};
    const double half = 0.5 / static_cast<double>(values.size() - 1);
    return {clamp_unit(middle - half), clamp_unit(middle + half)};
  }
  const double half = step_of(*this) / 2;
  if (half == 0) return {middle, middle};
  const double x = number(value);
  if (scale == Scale::normal) return {encode(x - half), encode(x + half)};
  return {x < min + half ? 0 : encode(x - half), x > min + last_index(*this) * 2 * half - half ? 1 : encode(x + half)};
}

double Parameter::log_prior(double coordinate) const {
  if (!prior) return 0;
  if (!is_numeric(*this)) {
    const double weight = prior->weights[nearest_index(*this, coordinate)];
    return std::log(weight / std::ranges::max(prior->weights));
  }
  const double distance = (coordinate - encode(prior->center)) / prior->spread;
  return -0.5 * distance * distance;
}

Result<Value> Parameter::check(const Value& value) const {
  const auto wrong = [&](std::string message) { return fail(ErrorCode::invalid_argument, std::move(message), name); };
  if (!is_numeric(*this)) {
    const auto found = std::ranges::find_if(values, [&](const Value& one) { return equal(one, value); });
    if (found != values.end()) return *found;
    std::vector<std::string> texts;
    for (const Value& one : values) texts.push_back(to_string(one));
    return wrong(fmt::format("must be one of {}, is {}", fmt::join(texts, ", "), to_string(value)));
  }
  const double x = number(value);
  if (!std::isfinite(x)) return wrong(fmt::format("must be a number, is {}", to_string(value)));
  if (scale == Scale::normal) return x;
  if (x < min || x > max) return wrong(fmt::format("must be between {} and {}, is {}", min, max, x));
  if (step_of(*this) == 0) return x;
  const double index = (x - min) / step_of(*this);
  // x and min have errors of half a unit in their last place, which many small steps make many.
  const double rounding = std::numeric_limits<double>::epsilon() * (std::abs(x) + std::abs(min)) / step_of(*this);
  if (std::abs(index - std::round(index)) > 1e-6 + rounding)
    return wrong(fmt::format("must be {} plus a multiple of {}, is {}", min, step_of(*this), x));
  return stepped_value(*this, std::round(index));
}

}  // namespace krige::tuner
