#include "tuner/space/space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace krige::tuner {
namespace {

// Conditions are looked up by name, for each point anew.
constexpr std::size_t kMaxParameters = 1000;
constexpr std::int64_t kMaxParentValues = 1024;  // of a parameter that others depend on
constexpr double kInactive = std::numeric_limits<double>::quiet_NaN();

std::string path_of(const Parameter& parameter, std::string_view rest = {}) {
  return join_path("parameters." + parameter.name, rest);
}

using NameIndex = std::map<std::string, std::size_t, std::less<>>;

// Every condition names an earlier known, discrete parameter and values that it can have, which it then holds exactly.
void check_conditions(std::vector<Parameter>& parameters, const NameIndex& index, Faults& faults) {
  for (Parameter& child : parameters) {
    for (Condition& condition : child.when) {
      const std::string path = path_of(child, "when." + condition.parameter);
      const auto parent = index.find(condition.parameter);
      if (parent == index.end()) {
        faults.add(path, "names no parameter");
        continue;
      }
      const Parameter& other = parameters[parent->second];
      if (!other.cardinality()) {
        faults.add(path, "must be a parameter with distinct values, is continuous");
        continue;
      }
      if (*other.cardinality() > kMaxParentValues) {
        faults.add(path, fmt::format("must be a parameter with at most {} values", kMaxParentValues));
        continue;
      }
      for (Value& value : condition.values) {
        if (Result<Value> held = other.check(value))
          value = std::move(*held);
        else
          faults.add(path, "can never hold: " + held.error().message);
      }
    }
  }
}

// Parents before children (Kahn); what is left over is in a cycle or below one.
std::vector<std::size_t> order_by_dependency(const std::vector<Parameter>& parameters, const NameIndex& index) {
  std::vector<std::size_t> order;
  std::vector<bool> placed(parameters.size());
  for (bool progress = true; progress;) {
    progress = false;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const auto ready = [&](const Condition& c) { return placed[index.find(c.parameter)->second]; };
      if (placed[i] || !std::ranges::all_of(parameters[i].when, ready)) continue;
      placed[i] = progress = true;
      order.push_back(i);
    }
  }
  return order;
}

}  // namespace

Result<Space> Space::make(std::vector<Parameter> parameters) {
  Faults faults;
  NameIndex index;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (!index.emplace(parameters[i].name, i).second) faults.add(path_of(parameters[i]), "is given twice");
  if (parameters.empty()) faults.add("parameters", "must have at least one parameter");
  if (parameters.size() > kMaxParameters) {
    faults.add("parameters", fmt::format("must have at most {} parameters", kMaxParameters));
    return fail(faults.error());
  }
  check_conditions(parameters, index, faults);
  if (!faults.empty()) return fail(faults.error());

  Space space;
  space.order_ = order_by_dependency(parameters, index);
  if (space.order_.size() != parameters.size()) {
    for (std::size_t i = 0; i < parameters.size(); ++i)
      if (std::ranges::find(space.order_, i) == space.order_.end())
        faults.add(path_of(parameters[i], "when"), "is part of a cycle of conditions");
    return fail(faults.error());
  }
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (parameters[i].kind != ParameterKind::fixed) space.dimensions_.push_back(i);
  space.parameters_ = std::move(parameters);
  return space;
}

bool Space::finite() const {
  return std::ranges::all_of(parameters_, [](const Parameter& p) { return p.cardinality().has_value(); });
}

Params Space::build(const Chooser& choose) const {
  std::vector<std::optional<Value>> chosen(parameters_.size());
  const auto holds = [&](const Condition& condition) {
    const auto parent = std::ranges::find(parameters_, condition.parameter, &Parameter::name);
    const std::optional<Value>& value = chosen[static_cast<std::size_t>(parent - parameters_.begin())];
    return value && std::ranges::any_of(condition.values, [&](const Value& one) { return equal(one, *value); });
  };
  for (const std::size_t i : order_) {
    const Parameter& parameter = parameters_[i];
    if (!std::ranges::all_of(parameter.when, holds)) continue;
    chosen[i] = parameter.kind == ParameterKind::fixed ? parameter.values.front() : choose(i);
  }
  Params params;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (chosen[i]) params.emplace_back(parameters_[i].name, std::move(*chosen[i]));
  return params;
}

Params Space::at_quantiles(std::span<const double> u) const {
  return build([&](std::size_t i) {
    const auto dimension = std::ranges::lower_bound(dimensions_, i) - dimensions_.begin();
    return parameters_[i].at_quantile(u[static_cast<std::size_t>(dimension)]);
  });
}

Params Space::sample(Rng& rng) const {
  std::vector<double> u(dimensions_.size());
  for (double& one : u) one = rng.uniform();
  return at_quantiles(u);
}

std::optional<Params> Space::default_point() const {
  if (std::ranges::none_of(parameters_, [](const Parameter& p) { return p.default_value.has_value(); }))
    return std::nullopt;
  return build([&](std::size_t i) {
    const Parameter& parameter = parameters_[i];
    return parameter.default_value ? *parameter.default_value : parameter.at_quantile(0.5);
  });
}

std::optional<Params> Space::adapt(const Params& params) const {
  bool fits = true, shares = false;
  Params out = build([&](std::size_t i) {
    const Parameter& parameter = parameters_[i];
    const Value* given = find(params, parameter.name);
    if (given == nullptr) return parameter.default_value ? *parameter.default_value : parameter.at_quantile(0.5);
    shares = true;
    Result<Value> checked = parameter.check(*given);
    fits = fits && checked;
    return checked ? std::move(*checked) : parameter.at_quantile(0.5);
  });
  return fits && shares ? std::optional(std::move(out)) : std::nullopt;
}

std::vector<double> Space::encode(const Params& params) const {
  std::vector<double> coordinates;
  coordinates.reserve(dimensions_.size());
  for (const std::size_t i : dimensions_) {
    const Value* value = find(params, parameters_[i].name);
    coordinates.push_back(value == nullptr ? kInactive : parameters_[i].encode(*value));
  }
  return coordinates;
}

Params Space::decode(std::span<const double> coordinates) const {
  return build([&](std::size_t i) {
    const auto dimension = std::ranges::lower_bound(dimensions_, i) - dimensions_.begin();
    const double coordinate = coordinates[static_cast<std::size_t>(dimension)];
    return std::isnan(coordinate) ? parameters_[i].at_quantile(0.5) : parameters_[i].decode(coordinate);
  });
}

Result<Params> Space::check(const Params& params) const {
  Faults faults;
  const Params checked = build([&](std::size_t i) {
    const Parameter& parameter = parameters_[i];
    const Value* given = find(params, parameter.name);
    if (given == nullptr) {
      faults.add(parameter.name, "is missing");
      return parameter.at_quantile(0.5);
    }
    Result<Value> value = parameter.check(*given);
    if (value) return std::move(*value);
    faults.add(parameter.name, value.error().message);
    return parameter.at_quantile(0.5);
  });
  for (const auto& [name, value] : params) {
    const Value* held = find(checked, name);
    const auto known = std::ranges::find(parameters_, name, &Parameter::name);
    if (held == nullptr)
      faults.add(name, known == parameters_.end() ? "is no parameter of the space" : "is not active at this point");
    else if (known->kind == ParameterKind::fixed && !equal(*held, value))
      faults.add(name, fmt::format("is fixed at {}, is {}", to_string(*held), to_string(value)));
  }
  if (!faults.empty()) return fail(faults.error());
  return checked;
}

std::optional<Params> Space::first_unused(const std::set<std::string>& used, Rng& rng) const {
  GridCursor cursor(*this);
  while (std::optional<Params> point = cursor.next(rng))
    if (!used.contains(point_key(*point))) return point;
  return std::nullopt;
}

std::optional<Params> GridCursor::next(Rng& rng) {
  if (done_) return std::nullopt;
  std::vector<bool> active(indices_.size());
  Params point = space_->build([&](std::size_t i) {
    const Parameter& parameter = space_->parameters()[i];
    active[i] = true;
    if (!parameter.cardinality()) return parameter.at_quantile(rng.uniform());
    return parameter.at_index(indices_[i]);
  });
  // Count up like an odometer, the last active parameter fastest.
  done_ = true;
  const std::vector<std::size_t>& order = space_->topological_order();
  for (std::size_t position = order.size(); position-- > 0;) {
    const std::size_t i = order[position];
    const std::optional<std::int64_t> size = space_->parameters()[i].cardinality();
    if (active[i] && size && indices_[i] + 1 < *size) {
      ++indices_[i];
      done_ = false;
      break;
    }
    indices_[i] = 0;
  }
  return point;
}

}  // namespace krige::tuner
