#include "tuner/spec/warm_start.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "tuner/spec/study_spec.h"

namespace krige::tuner {
namespace {

constexpr std::size_t kMaxStudies = 16;
constexpr std::size_t kMaxTrials = 2000;  // of one study: the specification holds them all

// A trial of the older study, or nothing where it has no value.
std::optional<std::pair<Params, double>> read_trial(const OrderedJson& json, const std::string& path, Faults& faults) {
  if (!json.is_object()) {
    faults.add(path, "must be an object: {params, value}");
    return std::nullopt;
  }
  if (json.contains("state") && json["state"] != "COMPLETED") return std::nullopt;
  const auto value = json.contains("value") ? number_from_json(json["value"]) : std::nullopt;
  if (!value) {
    faults.add(join_path(path, "value"), "must be a number");
    return std::nullopt;
  }
  Result<Params> params = json.contains("params") ? params_from_json(json["params"])
                                                  : fail(ErrorCode::invalid_argument, "is missing", "params");
  if (!params) {
    faults.add(params.error().within(path));
    return std::nullopt;
  }
  if (!std::isfinite(*value)) return std::nullopt;
  return std::pair{std::move(*params), *value};
}

OlderStudy read_study(const OrderedJson& json, const std::string& path, const Space& space, Faults& faults,
                      std::vector<std::string>& notes) {
  OlderStudy study;
  ObjectReader reader(json, path, faults);
  study.name = reader.string("name").value_or("");
  const OrderedJson* trials = reader.raw("trials");
  reader.require("trials");
  reader.finish();
  if (trials == nullptr) return study;
  if (!trials->is_array() || trials->size() > kMaxTrials) {
    reader.fault("trials", fmt::format("must be a list of at most {} trials", kMaxTrials));
    return study;
  }
  const std::size_t faults_before = faults.size();
  std::size_t outside = 0;
  for (std::size_t i = 0; i < trials->size(); ++i) {
    auto trial = read_trial((*trials)[i], fmt::format("{}.trials[{}]", path, i), faults);
    if (!trial) continue;
    if (std::optional<Params> here = space.adapt(trial->first))
      study.trials.emplace_back(std::move(*here), trial->second);
    else
      ++outside;
  }
  if (outside > 0)
    notes.push_back(fmt::format("{}: {} of {} trials lie outside the space and are left out", path, outside,
                                outside + study.trials.size()));
  if (study.trials.size() < 2 && faults.size() == faults_before)
    reader.fault("trials",
                 fmt::format("must have two COMPLETED trials that fit the space, has {}", study.trials.size()));
  return study;
}

// The trials of a document that `krige sweep --json` wrote, as the inline form.
std::optional<OrderedJson> load(const OrderedJson& json, const std::string& path, const std::string& data_root,
                                Faults& faults) {
  ObjectReader reader(json, path, faults);
  const auto name = reader.string("name");
  const auto file = reader.string("path");
  reader.finish();
  if (!file) return std::nullopt;
  const std::filesystem::path full = std::filesystem::path(data_root) / *file;
  Result<OrderedJson> document = load_document(full.string());
  if (!document) {
    reader.fault("path", document.error().message);
    return std::nullopt;
  }
  if (!document->is_object() || !document->contains("trials")) {
    reader.fault("path", fmt::format("{} has no trials: expected what krige sweep --json writes", full.string()));
    return std::nullopt;
  }
  return OrderedJson{{"name", name.value_or(full.stem().string())}, {"trials", (*document)["trials"]}};
}

}  // namespace

std::vector<OlderStudy> read_warm_start(const OrderedJson& json, const Space& space, const std::string& data_root,
                                        bool confined, Faults& faults, std::vector<std::string>& notes) {
  std::vector<OlderStudy> studies;
  if (!json.is_array() || json.size() > kMaxStudies) {
    faults.add("warm_start", fmt::format("must be a list of at most {} studies", kMaxStudies));
    return studies;
  }
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string path = fmt::format("warm_start[{}]", i);
    if (json[i].is_object() && json[i].contains("study")) {
      faults.add(join_path(path, "study"), "only a server knows its studies: give path, or the trials themselves");
    } else if (!json[i].is_object() || !json[i].contains("path")) {
      studies.push_back(read_study(json[i], path, space, faults, notes));
    } else if (confined) {
      faults.add(join_path(path, "path"), "files are read by the command line only: give the trials themselves");
    } else if (const auto loaded = load(json[i], path, data_root, faults)) {
      studies.push_back(read_study(*loaded, path, space, faults, notes));
    }
  }
  return studies;
}

OrderedJson to_json(const std::vector<OlderStudy>& studies) {
  OrderedJson out = OrderedJson::array();
  for (const OlderStudy& study : studies) {
    OrderedJson json{{"name", study.name}, {"trials", OrderedJson::array()}};
    for (const auto& [params, value] : study.trials)
      json["trials"].push_back({{"params", to_json(params)}, {"value", value}});
    out.push_back(std::move(json));
  }
  return out;
}

}  // namespace krige::tuner
