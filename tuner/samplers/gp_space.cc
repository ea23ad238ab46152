#include "tuner/samplers/gp_space.h"

#include <algorithm>

namespace krige::tuner {
namespace {

// With more values a range is as good as continuous; decoding snaps to them.
constexpr std::int64_t kMaxGridLevels = 1024;

std::size_t index_of(const Space& space, const std::string& name) {
  return static_cast<std::size_t>(std::ranges::find(space.parameters(), name, &Parameter::name) -
                                  space.parameters().begin());
}

std::int64_t level_of(const Parameter& parameter, const Value& value) {
  const std::int64_t levels = *parameter.cardinality();
  for (std::int64_t i = 0; i < levels; ++i)
    if (equal(parameter.at_index(i), value)) return i;
  return 0;  // Space::make has checked that the value is one of them
}

// The conditions of a parameter; one on a fixed parameter holds wherever that one is active.
void add_conditions(const Space& space, const Parameter& parameter, std::vector<gp::Condition>& when) {
  for (const Condition& condition : parameter.when) {
    const std::size_t parent = index_of(space, condition.parameter);
    const Parameter& other = space.parameters()[parent];
    if (other.kind == ParameterKind::fixed) {
      add_conditions(space, other, when);
      continue;
    }
    gp::Condition translated;
    translated.parent =
        static_cast<std::size_t>(std::ranges::lower_bound(space.dimensions(), parent) - space.dimensions().begin());
    for (const Value& value : condition.values) translated.levels.push_back(level_of(other, value));
    when.push_back(std::move(translated));
  }
}

}  // namespace

gp::InputSpace make_input_space(const Space& space) {
  gp::InputSpace input;
  for (const std::size_t i : space.dimensions()) {
    const Parameter& parameter = space.parameters()[i];
    gp::Dimension dimension;
    const std::optional<std::int64_t> levels = parameter.cardinality();
    if (parameter.kind == ParameterKind::categorical) {
      dimension.kind = gp::DimensionKind::categorical;
      dimension.levels = *levels;
    } else if (levels && *levels <= kMaxGridLevels) {
      dimension.kind = gp::DimensionKind::grid;
      dimension.levels = *levels;
      for (std::int64_t k = 0; k < *levels; ++k) dimension.positions.push_back(parameter.encode(parameter.at_index(k)));
    }
    add_conditions(space, parameter, dimension.when);
    input.dimensions.push_back(std::move(dimension));
  }
  return input;
}

}  // namespace krige::tuner
