// Points and results as JSON lines. No store, no clock, no process: the answers follow from the study and the lines
// alone.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "tuner/samplers/sampler.h"
#include "tuner/study/study_image.h"
#include "tuner/trial/codec.h"
#include "tuner/trial/outcome.h"

namespace krige::cli {
namespace {

using tuner::Trial;
using tuner::TrialState;

constexpr std::int64_t kMaxAsk = 10'000;
constexpr double kMaxSeconds = 1e9;  // of a trial

OrderedJson error_json(const Error& error) {
  OrderedJson json{{"code", name(error.code)}, {"message", error.message}, {"field", error.field}};
  for (const FieldError& other : error.others)
    json["errors"].push_back({{"field", other.field}, {"message", other.message}});
  return {{"error", std::move(json)}};
}

class Session {
 public:
  explicit Session(tuner::StudySpec spec) : image_(std::move(spec), tuner::StudyRow{}, {}), sampler_(image_.spec()) {}

  OrderedJson answer(const std::string& line) {
    const Result<OrderedJson> reply = handle(line);
    return reply ? *reply : error_json(reply.error());
  }

 private:
  Result<OrderedJson> handle(const std::string& line) {
    KRIGE_TRY(const OrderedJson request, parse_json(line));
    if (!request.is_object()) return fail(ErrorCode::invalid_argument, "a line must be an object: ask, tell or best");
    if (request.contains("id")) return tell(OrderedJson::array({request}), "");
    if (request.size() == 1 && request.contains("tell")) return tell(request["tell"], "tell");
    Faults faults;
    ObjectReader reader(request, "", faults);
    const auto count = reader.integer_in("ask", 1, kMaxAsk);
    const auto best = reader.boolean("best");
    reader.raw("tell");
    reader.finish();
    if (!faults.empty()) return fail(faults.error());
    if (request.size() != 1) return fail(ErrorCode::invalid_argument, "a line must have one of ask, tell and best");
    if (count) return ask(*count);
    return best.value_or(false) ? this->best()
                                : Result<OrderedJson>(fail(ErrorCode::invalid_argument, "must be true", "best"));
  }

  Result<OrderedJson> ask(std::int64_t count) {
    OrderedJson given = OrderedJson::array();
    std::string reason;
    for (std::int64_t i = 0; i < count; ++i) {
      if (!image_.budget_allows(1)) {
        reason = "max_trials";
        break;
      }
      Result<tuner::Suggestion> suggestion = sampler_.propose(image_.trials(), image_.next_trial());
      if (!suggestion && suggestion.error().code == ErrorCode::space_exhausted) {
        reason = "space_exhausted";
        break;
      }
      if (!suggestion) return fail(suggestion.error());
      Trial trial;
      trial.id = image_.next_trial();
      trial.state = TrialState::running;
      trial.params = std::move(suggestion->params);
      trial.suggestion = std::move(suggestion->info);
      given.push_back({{"id", trial.id}, {"params", tuner::to_json(trial.params)}});
      take(std::move(trial));
    }
    OrderedJson reply{{"trials", std::move(given)}};
    if (!reason.empty()) reply["reason"] = reason;
    return reply;
  }

  // All of the list or, when one of it is wrong, nothing. Trials that were not asked for get the next ids.
  Result<OrderedJson> tell(const OrderedJson& list, const std::string& path) {
    if (!list.is_array())
      return fail(ErrorCode::invalid_argument,
                  "must be a list of {id, value}, {id, values}, {id, state} or {params, …}", path);
    std::vector<Trial> told;
    OrderedJson further = OrderedJson::array();  // ids
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string at = path.empty() ? "" : fmt::format("{}[{}]", path, i);
      const TrialId next = image_.next_trial() + static_cast<TrialId>(further.size());
      KRIGE_TRY(Trial trial, read_result(list[i], at, next));
      for (const Trial& earlier : told)
        if (earlier.id == trial.id) return fail(ErrorCode::invalid_argument, "is told twice", join_path(at, "id"));
      if (trial.id == next) further.push_back(next);
      told.push_back(std::move(trial));
    }
    for (Trial& trial : told) take(std::move(trial));
    OrderedJson reply{{"ok", true}};
    if (!further.empty()) reply["ids"] = std::move(further);
    return reply;
  }

  Result<Trial> asked_trial(TrialId id, const std::string& path) const {
    const Trial* asked = image_.trial(id);
    if (asked == nullptr)
      return fail(ErrorCode::not_found, fmt::format("trial {} was not asked for", id), join_path(path, "id"));
    if (is_final(asked->state))
      return fail(ErrorCode::trial_finished, fmt::format("trial {} is {} already", id, name(asked->state)),
                  join_path(path, "id"));
    return *asked;
  }

  // A point that somebody else chose.
  Result<Trial> further_trial(const OrderedJson& params, const std::string& path, TrialId id) const {
    const Result<tuner::Params> given = tuner::params_from_json(params);
    if (!given) return fail(given.error().within(path));
    Result<tuner::Params> point = image_.spec().space.check(*given);
    if (!point) return fail(point.error().within(join_path(path, "params")));
    Trial trial;
    trial.id = id;
    trial.state = TrialState::running;
    trial.params = *std::move(point);
    trial.suggestion.method = "imported";
    return trial;
  }

  // One item: `id` of a trial that was asked for, or `params` of one that was not and gets the id `next`.
  Result<Trial> read_result(const OrderedJson& json, const std::string& path, TrialId next) const {
    Faults faults;
    ObjectReader reader(json, path, faults);
    const OrderedJson* params = reader.raw("params");
    if (params == nullptr) reader.require("id");
    const auto id = reader.integer_in("id", 1, INT64_MAX);
    const OrderedJson* value = reader.raw("value");
    const OrderedJson* values = reader.raw("values");
    const auto state = reader.one_of("state", {"COMPLETED", "PRUNED", "FAILED", "INFEASIBLE", "CANCELLED", "RUNNING"});
    if (params != nullptr && id) reader.fault("params", "the trial that id names has its own");
    if (state == "RUNNING" && (params == nullptr || value != nullptr || values != nullptr))
      reader.fault("state", "RUNNING is for params without a value");
    const auto reason = reader.string("reason");
    const auto seconds = reader.number_in("seconds", 0, kMaxSeconds);
    reader.finish();
    const std::optional<double> number = value == nullptr ? std::nullopt : number_from_json(*value);
    if (value != nullptr && !number) reader.fault("value", "must be a number, is " + value->dump());
    tuner::Metrics metrics;
    if (values != nullptr) {
      if (auto read = tuner::metrics_from_json(*values, reader.path("values")))
        metrics = *std::move(read);
      else
        faults.add(read.error());
    }
    const bool completed = state.value_or("COMPLETED") == "COMPLETED";
    const bool several = image_.spec().has_several_objectives();
    if (value != nullptr && several) reader.fault("value", "the study has several objectives: give values");
    if (completed && value == nullptr && values == nullptr) reader.fault(several ? "values" : "value", "is missing");
    if (!faults.empty()) return fail(faults.error());
    KRIGE_TRY(Trial trial, params != nullptr ? further_trial(*params, path, next) : asked_trial(*id, path));
    trial.reason = reason.value_or("");
    trial.state = state ? *tuner::trial_state(*state) : TrialState::completed;
    if (number) metrics.emplace_back(image_.spec().metric.name, *number);
    if (completed || !metrics.empty()) {
      Result<tuner::Verdict> verdict = tuner::judge(image_.spec(), metrics);
      if (!verdict && completed) return fail(verdict.error().within(reader.path("values")));
      if (verdict && verdict->state == TrialState::completed) trial.set(std::move(verdict->measured));
      // NaN or infinite: there is no value there.
      if (verdict && verdict->state == TrialState::infeasible && completed) trial.state = TrialState::infeasible;
    }
    if (seconds) {
      tuner::Attempt attempt;
      attempt.ended_at = attempt.started_at + std::chrono::round<Millis>(std::chrono::duration<double>(*seconds));
      trial.attempts.push_back(std::move(attempt));
    }
    return trial;
  }

  Result<OrderedJson> best() {
    if (image_.spec().has_several_objectives()) {
      OrderedJson optimal = OrderedJson::array();
      for (const Trial& trial : image_.optimal()) {
        const OrderedJson all = tuner::to_json(trial);
        OrderedJson& json = optimal.emplace_back(OrderedJson{{"trial", trial.id}});
        for (const char* key : {"values", "constraints", "params"})
          if (all.contains(key)) json[key] = all[key];
      }
      return OrderedJson{{"optimal", std::move(optimal)}};
    }
    const std::optional<tuner::Best> found = image_.view().best;
    if (!found) return OrderedJson{{"best", nullptr}};
    OrderedJson json{{"trial", found->trial}, {"value", found->value}, {"params", tuner::to_json(found->params)}};
    return OrderedJson{{"best", std::move(json)}};
  }

  void take(Trial trial) {
    tuner::Change change;
    change.trials.push_back(std::move(trial));
    image_.apply(change, 0);
  }

  tuner::StudyImage image_;
  tuner::FittingSampler sampler_;
};

Result<tuner::StudySpec> read_study(const std::string& file) {
  if (file != "-") return tuner::load_study(file);
  std::string line;
  if (!std::getline(std::cin, line))
    return fail(ErrorCode::invalid_argument, "the first line must be the study as JSON");
  KRIGE_TRY(const OrderedJson json, parse_json(line));
  return tuner::parse_study(json);
}

}  // namespace

int ask_tell(const AskTellOptions& options) {
  Result<tuner::StudySpec> spec = read_study(options.file);
  if (!spec) {
    if (options.file == "-") print_line(dump(error_json(spec.error())));
    return report(spec.error(), options.file == "-" ? "standard input" : options.file);
  }
  Session session(std::move(*spec));
  std::string line;
  while (std::getline(std::cin, line))
    if (line.find_first_not_of(" \t\r") != std::string::npos) print_line(dump(session.answer(line)));
  return 0;
}

}  // namespace krige::cli
