// What the problems are put together from.
#pragma once

#include "base/json.h"
#include "bench/problems/constants.h"
#include "bench/problems/problem.h"

namespace krige::bench {

// Parameters as a study file has them.
[[nodiscard]] OrderedJson float_parameter(double low, double high);
[[nodiscard]] OrderedJson log_float_parameter(double low, double high);
[[nodiscard]] OrderedJson int_parameter(std::int64_t low, std::int64_t high);
[[nodiscard]] OrderedJson log_int_parameter(std::int64_t low, std::int64_t high);
[[nodiscard]] OrderedJson categorical_parameter(const std::vector<std::string>& values);

// Of a point that has it.
[[nodiscard]] double number(const tuner::Params& params, std::string_view name);
[[nodiscard]] const std::string& text(const tuner::Params& params, std::string_view name);

// x0, x1, … of a point, and back.
[[nodiscard]] Vector coordinates(const tuner::Params& params);
[[nodiscard]] tuner::Params point(const Vector& x);

using Evaluate = std::function<double(const tuner::Params&)>;
using Function = std::function<double(const Vector&)>;

// `solution` must be a point of the space. A fault in the parameters is our own bug and ends the program.
[[nodiscard]] Problem make(const OrderedJson& parameters, double optimum, const tuner::Params& solution,
                           Evaluate evaluate);
// Over the floats x0, x1, … of a box.
[[nodiscard]] Problem make_box(const Box& box, double optimum, const Vector& solution, Function function);
// f(map(x)): `solution` is f's.
[[nodiscard]] Problem make_mapped(const BoxMap& map, const Box& box, double optimum, const Vector& solution,
                                  Function function);
// f(x − shift), whose optimum is 0 at 0.
[[nodiscard]] Problem make_shifted(const Box& box, const Vector& shift, Function function);

[[nodiscard]] Vector minus(const Vector& a, const Vector& b);

// A problem by name; name and group are filled in by make_problem.
struct Maker {
  std::string_view name;
  Problem (*make)(Constants&);
};
[[nodiscard]] std::span<const Maker> dev_makers();
[[nodiscard]] std::span<const Maker> extra_makers();

}  // namespace krige::bench
