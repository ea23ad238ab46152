#include "tuner/spec/parameter_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace krige::tuner {
namespace {

constexpr std::array<std::string_view, 5> kKinds{"float", "int", "categorical", "ordinal", "fixed"};
constexpr std::size_t kMaxValues = 10'000;
constexpr int kMaxNesting = 8;
constexpr double kMostSteps = 0x1p50;  // of a range: with more, doubles hardly tell its values apart

std::string_view name(ParameterKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

// W&B: what each distribution means here. `bounds` of log_uniform are exponents of e.
struct Distribution {
  std::string_view name;
  ParameterKind kind;
  Scale scale;
  bool quantized;
  bool exponents;
};
constexpr std::array kDistributions{
    Distribution{"uniform", ParameterKind::floating, Scale::linear, false, false},
    Distribution{"q_uniform", ParameterKind::floating, Scale::linear, true, false},
    Distribution{"log_uniform", ParameterKind::floating, Scale::log, false, true},
    Distribution{"q_log_uniform", ParameterKind::floating, Scale::log, true, true},
    Distribution{"log_uniform_values", ParameterKind::floating, Scale::log, false, false},
    Distribution{"q_log_uniform_values", ParameterKind::floating, Scale::log, true, false},
    // log(1/x) is uniform exactly when log(x) is.
    Distribution{"inv_log_uniform", ParameterKind::floating, Scale::log, false, true},
    Distribution{"inv_log_uniform_values", ParameterKind::floating, Scale::log, false, false},
    Distribution{"normal", ParameterKind::floating, Scale::normal, false, false},
    Distribution{"q_normal", ParameterKind::floating, Scale::normal, true, false},
    Distribution{"int_uniform", ParameterKind::integer, Scale::linear, false, false},
    Distribution{"categorical", ParameterKind::categorical, Scale::linear, false, false},
    Distribution{"constant", ParameterKind::fixed, Scale::linear, false, false},
};

bool is_numeric(ParameterKind kind) { return kind == ParameterKind::floating || kind == ParameterKind::integer; }

// Reads one parameter; what it holds after a fault does not matter, since the whole study is refused.
class ParameterReader {
 public:
  ParameterReader(std::string name, const OrderedJson& json, const std::string& path, Faults& faults)
      : reader_(json, path, faults), json_(json), faults_(faults) {
    parameter_.name = std::move(name);
  }

  Parameter read() {
    read_kind();
    if (is_numeric(parameter_.kind))
      parameter_.scale == Scale::normal ? read_normal() : read_range();
    else
      read_values();
    read_conditions();
    read_default();
    read_prior();
    reader_.finish();
    return std::move(parameter_);
  }

 private:
  void read_kind() {
    const auto type = reader_.one_of("type", {kKinds.begin(), kKinds.end()});
    const auto distribution = reader_.string("distribution");
    if (type && distribution) reader_.fault("distribution", "cannot be given with type");
    if (distribution) return read_distribution(*distribution);
    if (type) {
      parameter_.kind = static_cast<ParameterKind>(std::ranges::find(kKinds, *type) - kKinds.begin());
    } else if (reader_.has("value")) {
      parameter_.kind = ParameterKind::fixed;
    } else if (reader_.has("values")) {
      parameter_.kind = ParameterKind::categorical;
    } else {
      const auto whole = [&](const char* key) { return json_.contains(key) && json_[key].is_number_integer(); };
      parameter_.kind = whole("min") && whole("max") ? ParameterKind::integer : ParameterKind::floating;
    }
    if (!is_numeric(parameter_.kind)) return;
    const auto scale = reader_.one_of("scale", {"linear", "log", "normal"});
    if (scale == "log") parameter_.scale = Scale::log;
    if (scale == "normal") parameter_.scale = Scale::normal;
    if (scale == "normal" && parameter_.kind == ParameterKind::integer)
      reader_.fault("scale", "normal is for parameters of type float");
  }

  void read_distribution(const std::string& wanted) {
    const auto found = std::ranges::find(kDistributions, wanted, &Distribution::name);
    if (found == kDistributions.end()) {
      std::vector<std::string> names;
      for (const Distribution& one : kDistributions) names.emplace_back(one.name);
      const auto near = nearest_name(wanted, names);
      return reader_.fault("distribution", "is not known" + (near ? "; did you mean " + *near + "?" : std::string()));
    }
    parameter_.kind = found->kind;
    parameter_.scale = found->scale;
    quantized_ = found->quantized;
    exponents_ = found->exponents;
  }

  void read_range() {
    reader_.require("min");
    reader_.require("max");
    std::optional<double> min = bound("min"), max = bound("max");
    read_step();
    if (!min || !max) return;
    if (exponents_) {
      min = std::exp(*min);
      max = std::exp(*max);
    }
    if (quantized_ && parameter_.step) quantize(*min, *max);
    if (!(*min < *max)) {
      return reader_.fault("min", fmt::format("must be below max, the range {} to {} is empty{}", *min, *max,
                                              *min == *max ? " (for one value use type: fixed)" : ""));
    }
    if (parameter_.scale == Scale::log && *min <= 0)
      return reader_.fault("min", fmt::format("must be above 0 on a log scale, is {}", *min));
    if (!std::isfinite(*max - *min)) return reader_.fault("max", "is too far from min");
    parameter_.min = *min;
    parameter_.max = *max;
    if (parameter_.step && (*max - *min) / *parameter_.step >= kMostSteps)
      return reader_.fault("step", fmt::format("is too small for the range {} to {}", *min, *max));
    if (parameter_.step && *parameter_.step > *max - *min)
      reader_.fault("step", fmt::format("must be at most max - min = {}, is {}", *max - *min, *parameter_.step));
    if (parameter_.kind == ParameterKind::integer && parameter_.step &&
        std::floor(*parameter_.step) != *parameter_.step)
      reader_.fault("step", fmt::format("must be a whole number for an int, is {}", *parameter_.step));
  }

  std::optional<double> bound(std::string_view key) {
    if (parameter_.kind != ParameterKind::integer) return reader_.number(key);
    constexpr std::int64_t kExact = std::int64_t{1} << 53;  // the model holds coordinates as doubles
    const auto whole = reader_.integer_in(key, -kExact, kExact);
    return whole ? std::optional<double>(static_cast<double>(*whole)) : std::nullopt;
  }

  void read_step() {
    const std::string_view key = quantized_ ? "q" : "step";
    if (const auto step = reader_.number(key)) {
      if (*step > 0)
        parameter_.step = *step;
      else
        reader_.fault(key, fmt::format("must be above 0, is {}", *step));
    } else if (quantized_ && !reader_.has("q")) {
      parameter_.step = 1;  // W&B's default
    }
    if (parameter_.kind == ParameterKind::integer && parameter_.step == 1) parameter_.step.reset();
  }

  // W&B's values are multiples of q that lie within a rounding of the bounds.
  void quantize(double& min, double& max) const {
    const double q = *parameter_.step;
    min = std::round(min / q) * q;
    max = std::round(max / q) * q;
    if (parameter_.scale == Scale::log && min <= 0) min = q;
  }

  void read_normal() {
    parameter_.mu = reader_.number("mu").value_or(0);
    parameter_.sigma = reader_.number("sigma").value_or(1);
    if (parameter_.sigma <= 0) reader_.fault("sigma", fmt::format("must be above 0, is {}", parameter_.sigma));
    read_step();
    const double farthest = std::abs(parameter_.mu) + 10 * parameter_.sigma;
    if (!std::isfinite(farthest)) return reader_.fault("sigma", "is too large: values would not be finite");
    if (parameter_.step && farthest / *parameter_.step >= kMostSteps)
      reader_.fault("step", "is too small for mu and sigma");
  }

  void read_values() {
    if (parameter_.kind == ParameterKind::fixed) {
      reader_.require("value");
      if (const OrderedJson* value = reader_.raw("value")) add_value(*value, "value");
      return;
    }
    reader_.require("values");
    const OrderedJson* values = reader_.raw("values");
    if (values == nullptr) return;
    if (!values->is_array() || values->empty() || values->size() > kMaxValues)
      return reader_.fault("values", fmt::format("must be a list of 1 to {} values", kMaxValues));
    for (std::size_t i = 0; i < values->size(); ++i) add_value((*values)[i], fmt::format("values[{}]", i));
    if (parameter_.kind == ParameterKind::categorical) read_probabilities();
  }

  void add_value(const OrderedJson& json, const std::string& key) {
    std::optional<Value> value = value_from_json(json);
    if (!value) return reader_.fault(key, "must be a finite number, a string or a boolean");
    const auto same = [&](const Value& other) { return equal(other, *value); };
    if (std::ranges::any_of(parameter_.values, same))
      return reader_.fault(key, fmt::format("{} is given twice", to_string(*value)));
    parameter_.values.push_back(std::move(*value));
  }

  void read_probabilities() {
    const OrderedJson* list = reader_.raw("probabilities");
    if (list == nullptr) return;
    if (!list->is_array() || list->size() != parameter_.values.size())
      return reader_.fault("probabilities", "must have one number for each value");
    double sum = 0;
    for (const OrderedJson& one : *list) {
      const double p = one.is_number() ? one.get<double>() : -1;
      if (!(p >= 0))
        return reader_.fault("probabilities", fmt::format("must be numbers of at least 0, has {}", one.dump()));
      parameter_.probabilities.push_back(p);
      sum += p;
    }
    if (std::abs(sum - 1) > 1e-6) reader_.fault("probabilities", fmt::format("must sum to 1, sum to {}", sum));
  }

  void read_conditions() {
    const OrderedJson* when = reader_.raw("when");
    if (when == nullptr) return;
    if (!when->is_object() || when->empty())
      return reader_.fault("when", "must be an object {parameter: value or list of values}");
    for (const auto& [parent, held] : when->items()) {
      Condition condition{parent, {}};
      const OrderedJson list = held.is_array() ? held : OrderedJson::array({held});
      for (const OrderedJson& one : list) {
        if (std::optional<Value> value = value_from_json(one))
          condition.values.push_back(std::move(*value));
        else
          reader_.fault("when." + parent, fmt::format("must be a value or a list of values, is {}", held.dump()));
      }
      if (list.empty()) reader_.fault("when." + parent, "must have at least one value");
      parameter_.when.push_back(std::move(condition));
    }
  }

  void read_default() {
    const OrderedJson* json = reader_.raw("default");
    if (json == nullptr || !faults_.empty()) return;
    const std::optional<Value> value = value_from_json(*json);
    if (!value) return reader_.fault("default", "must be a finite number, a string or a boolean");
    Result<Value> checked = parameter_.check(*value);
    if (!checked) return reader_.fault("default", checked.error().message);
    parameter_.default_value = std::move(*checked);
  }

  void read_prior() {
    const OrderedJson* json = reader_.raw("prior");
    if (json == nullptr) return;
    if (parameter_.kind == ParameterKind::fixed) return reader_.fault("prior", "a fixed parameter has no other value");
    if (parameter_.scale == Scale::normal)
      return reader_.fault("prior", "on scale normal, mu and sigma say where good values are");
    ObjectReader prior_reader(*json, reader_.path("prior"), faults_);
    Prior prior;
    if (is_numeric(parameter_.kind))
      read_center(prior_reader, prior);
    else
      read_weights(prior_reader, prior);
    prior_reader.finish();
    parameter_.prior = std::move(prior);
  }

  void read_center(ObjectReader& reader, Prior& prior) {
    reader.require("center");
    if (const auto spread = reader.number("spread")) {
      prior.spread = *spread;
      if (!(*spread > 0 && *spread <= 1))
        reader.fault("spread", fmt::format("must be a part of the range, above 0 and at most 1, is {}", *spread));
    }
    const OrderedJson* json = reader.raw("center");
    if (json == nullptr || !faults_.empty()) return;
    const std::optional<Value> value = value_from_json(*json);
    if (!value) return reader.fault("center", fmt::format("must be a number, is {}", json->dump()));
    Result<Value> checked = parameter_.check(*value);
    if (!checked) return reader.fault("center", checked.error().message);
    prior.center = std::move(*checked);
  }

  void read_weights(ObjectReader& reader, Prior& prior) const {
    reader.require("weights");
    const OrderedJson* list = reader.raw("weights");
    if (list == nullptr) return;
    if (!list->is_array() || list->size() != parameter_.values.size())
      return reader.fault("weights", "must have one number for each value");
    for (std::size_t i = 0; i < list->size(); ++i) {
      const OrderedJson& one = (*list)[i];
      const double weight = one.is_number() ? one.get<double>() : 0;
      if (!(weight > 0))
        reader.fault(fmt::format("weights[{}]", i), fmt::format("must be a number above 0, is {}", one.dump()));
      prior.weights.push_back(weight);
    }
  }

  ObjectReader reader_;
  const OrderedJson& json_;
  Faults& faults_;
  Parameter parameter_;
  bool quantized_ = false;
  bool exponents_ = false;
};

void read_into(std::vector<Parameter>& parameters, const OrderedJson& json, const std::string& path,
               const std::string& prefix, int depth, Faults& faults) {
  if (!json.is_object()) return faults.add(path, "must be an object {name: {type, …}}");
  for (const auto& [key, value] : json.items()) {
    const std::string inner = join_path(path, key);
    if (key.empty()) {
      faults.add(inner, "a parameter needs a name");
    } else if (value.is_object() && value.contains("parameters") && value.size() == 1) {
      if (depth == kMaxNesting)
        faults.add(inner, fmt::format("is nested deeper than {}", kMaxNesting));
      else
        read_into(parameters, value["parameters"], inner + ".parameters", prefix + key + ".", depth + 1, faults);
    } else {
      parameters.push_back(ParameterReader(prefix + key, value, inner, faults).read());
    }
  }
}

OrderedJson list_to_json(const std::vector<Value>& values) {
  OrderedJson list = OrderedJson::array();
  for (const Value& value : values) list.push_back(to_json(value));
  return list;
}

OrderedJson bound_to_json(const Parameter& parameter, double bound) {
  if (parameter.kind == ParameterKind::integer) return static_cast<std::int64_t>(bound);
  return bound;
}

OrderedJson prior_to_json(const Prior& prior) {
  if (!prior.weights.empty()) return {{"weights", prior.weights}};
  return {{"center", to_json(prior.center)}, {"spread", prior.spread}};
}

OrderedJson parameter_to_json(const Parameter& parameter) {
  OrderedJson json{{"type", name(parameter.kind)}};
  if (is_numeric(parameter.kind)) {
    if (parameter.scale == Scale::normal) {
      json["scale"] = "normal";
      json["mu"] = parameter.mu;
      json["sigma"] = parameter.sigma;
    } else {
      json["min"] = bound_to_json(parameter, parameter.min);
      json["max"] = bound_to_json(parameter, parameter.max);
      json["scale"] = parameter.scale == Scale::log ? "log" : "linear";
    }
    if (parameter.step) json["step"] = bound_to_json(parameter, *parameter.step);
  } else if (parameter.kind == ParameterKind::fixed) {
    json["value"] = to_json(parameter.values.front());
  } else {
    json["values"] = list_to_json(parameter.values);
    if (!parameter.probabilities.empty()) json["probabilities"] = parameter.probabilities;
  }
  if (parameter.default_value) json["default"] = to_json(*parameter.default_value);
  if (parameter.prior) json["prior"] = prior_to_json(*parameter.prior);
  for (const Condition& condition : parameter.when) json["when"][condition.parameter] = list_to_json(condition.values);
  return json;
}

}  // namespace

std::vector<Parameter> read_parameters(const OrderedJson& json, const std::string& path, Faults& faults) {
  std::vector<Parameter> parameters;
  read_into(parameters, json, path, "", 0, faults);
  return parameters;
}

OrderedJson to_json(const std::vector<Parameter>& parameters) {
  OrderedJson json = OrderedJson::object();
  for (const Parameter& parameter : parameters) json[parameter.name] = parameter_to_json(parameter);
  return json;
}

}  // namespace krige::tuner
