#include "tuner/samplers/gp_model.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace krige::tuner {
namespace {

OrderedJson to_json(const gp::Hyperparameters& hyperparameters) {
  return {{"log_lengthscales", hyperparameters.log_lengthscales},
          {"log_main_lengthscales", hyperparameters.log_main_lengthscales},
          {"log_signal", hyperparameters.log_signal},
          {"log_main_signal", hyperparameters.log_main_signal},
          {"log_noise", hyperparameters.log_noise},
          {"mean", hyperparameters.mean}};
}

gp::Hyperparameters hyperparameters_from(const OrderedJson& json) {
  gp::Hyperparameters out;
  json.at("log_lengthscales").get_to(out.log_lengthscales);
  json.at("log_main_lengthscales").get_to(out.log_main_lengthscales);
  json.at("log_signal").get_to(out.log_signal);
  json.at("log_main_signal").get_to(out.log_main_signal);
  json.at("log_noise").get_to(out.log_noise);
  json.at("mean").get_to(out.mean);
  return out;
}

OrderedJson to_json(const std::vector<gp::Hyperparameters>& all) {
  OrderedJson out = OrderedJson::array();
  for (const gp::Hyperparameters& one : all) out.push_back(to_json(one));
  return out;
}

std::vector<gp::Hyperparameters> all_from(const OrderedJson& json) {
  std::vector<gp::Hyperparameters> out;
  for (const OrderedJson& one : json) out.push_back(hyperparameters_from(one));
  return out;
}

gp::OutputWarp warp_from(const OrderedJson& json) {
  return json.at("log_above_median").get<bool>() ? gp::OutputWarp::log_above_median : gp::OutputWarp::none;
}

void add(OrderedJson& json, const char* key, const std::vector<OutcomeModel>& models) {
  for (const OutcomeModel& model : models)
    json[key].push_back({{"log_above_median", model.warp == gp::OutputWarp::log_above_median},
                         {"hyperparameters", to_json(model.hyperparameters)}});
}

void read(const OrderedJson& json, const char* key, std::vector<OutcomeModel>& models) {
  if (!json.contains(key)) return;
  for (const OrderedJson& model : json.at(key))
    models.push_back({all_from(model.at("hyperparameters")), warp_from(model)});
}

}  // namespace

std::string encode_model(const GpModel& model) {
  OrderedJson json{{"log_above_median", model.warp == gp::OutputWarp::log_above_median},
                   {"objective", to_json(model.objective)}};
  add(json, "further", model.further);
  add(json, "constraints", model.constraints);
  json["feasibility"] = to_json(model.feasibility);
  if (!model.log_seconds.empty()) json["log_seconds"] = to_json(model.log_seconds);
  for (const SourceModel& source : model.sources)
    json["sources"].push_back({{"log_above_median", source.warp == gp::OutputWarp::log_above_median},
                               {"objective", to_json(source.objective)},
                               {"weight", source.weight}});
  return json.dump();
}

Result<GpModel> decode_model(const std::string& text) {
  try {
    const OrderedJson json = OrderedJson::parse(text);
    GpModel model;
    model.objective = all_from(json.at("objective"));
    model.warp = warp_from(json);
    read(json, "further", model.further);
    read(json, "constraints", model.constraints);
    model.feasibility = all_from(json.at("feasibility"));
    if (json.contains("log_seconds")) model.log_seconds = all_from(json["log_seconds"]);
    if (json.contains("sources"))
      for (const OrderedJson& source : json["sources"])
        model.sources.push_back(
            {all_from(source.at("objective")), warp_from(source), source.at("weight").get<double>()});
    if (model.objective.empty() && model.sources.empty())
      return fail(ErrorCode::corrupt, "has no hyperparameters", "model.objective");
    return model;
  } catch (const OrderedJson::exception& error) {
    return fail(ErrorCode::corrupt, std::string("is no surrogate of this version: ") + error.what(), "model");
  }
}

}  // namespace krige::tuner
