#include "bench/problems/make.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace krige::bench {
namespace {

OrderedJson range(const char* type, const OrderedJson& low, const OrderedJson& high, const char* scale) {
  return {{"type", type}, {"min", low}, {"max", high}, {"scale", scale}};
}

}  // namespace

OrderedJson float_parameter(double low, double high) { return range("float", low, high, "linear"); }
OrderedJson log_float_parameter(double low, double high) { return range("float", low, high, "log"); }
OrderedJson int_parameter(std::int64_t low, std::int64_t high) { return range("int", low, high, "linear"); }
OrderedJson log_int_parameter(std::int64_t low, std::int64_t high) { return range("int", low, high, "log"); }
OrderedJson categorical_parameter(const std::vector<std::string>& values) {
  return {{"type", "categorical"}, {"values", values}};
}

double number(const tuner::Params& params, std::string_view name) {
  const tuner::Value& value = *tuner::find(params, name);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return std::get<double>(value);
}

const std::string& text(const tuner::Params& params, std::string_view name) {
  return std::get<std::string>(*tuner::find(params, name));
}

Vector coordinates(const tuner::Params& params) {
  Vector x;
  for (std::size_t i = 0; i < params.size(); ++i) x.push_back(number(params, fmt::format("x{}", i)));
  return x;
}

tuner::Params point(const Vector& x) {
  tuner::Params out;
  for (std::size_t i = 0; i < x.size(); ++i) out.emplace_back(fmt::format("x{}", i), x[i]);
  return out;
}

Vector minus(const Vector& a, const Vector& b) {
  Vector out(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) out[i] = a[i] - b[i];
  return out;
}

Problem make(const OrderedJson& parameters, double optimum, const tuner::Params& solution, Evaluate evaluate) {
  Problem out;
  out.parameters = dump(parameters);
  out.space = out.study(tuner::Method::random, 0).value().space;
  out.optimum = optimum;
  out.evaluate = std::move(evaluate);
  out.solution = out.space.check(solution).value();
  return out;
}

Problem make_box(const Box& box, double optimum, const Vector& solution, Function function) {
  OrderedJson parameters;
  for (std::size_t i = 0; i < box.dims(); ++i)
    parameters[fmt::format("x{}", i)] = float_parameter(box.low[i], box.high[i]);
  return make(parameters, optimum, point(solution),
              [function = std::move(function)](const tuner::Params& p) { return function(coordinates(p)); });
}

Problem make_mapped(const BoxMap& map, const Box& box, double optimum, const Vector& solution, Function function) {
  return make_box(box, optimum, map.inverse(solution),
                  [map, function = std::move(function)](const Vector& x) { return function(map.apply(x)); });
}

Problem make_shifted(const Box& box, const Vector& shift, Function function) {
  return make_box(box, 0, shift,
                  [shift, function = std::move(function)](const Vector& x) { return function(minus(x, shift)); });
}

}  // namespace krige::bench
