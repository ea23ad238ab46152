// What the Gaussian process of a study believes, for people to look at. Computed from a copy of the study, at low
// priority: the study itself goes on, and so does whoever waits for another answer.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "base/low_priority.h"
#include "server/routes/input.h"
#include "server/routes/routes.h"
#include "tuner/study/explain.h"
#include "tuner/trial/codec.h"

namespace krige::server {
namespace {

using tuner::Belief;
using tuner::Explainer;

// Each keeps a core for up to a second or so.
constexpr std::size_t kAtOnce = 4;
constexpr std::size_t kMostSlicePoints = 400;
constexpr std::size_t kSlicePoints = 97;
constexpr std::size_t kMostContourPoints = 64;
constexpr std::size_t kContourPoints = 32;

OrderedJson number(double value) { return OrderedJson(number_to_json(value)); }

Result<tuner::StudySnapshot> snapshot(Api& api, const std::string& id) {
  KRIGE_TRY(const tuner::StudyView view, api.engine.study(id));
  KRIGE_TRY(const OrderedJson file, parse_json(view.row.spec));
  tuner::StudySnapshot out;
  KRIGE_TRY(out.spec, tuner::parse_study(file));
  // Before the trials: these are then never fewer than the fit has seen.
  if (out.spec.method == tuner::Method::gp) {
    KRIGE_TRY(out.fit, api.engine.latest_fit(id));
  }
  tuner::TrialQuery all;
  all.limit = std::numeric_limits<std::size_t>::max() - 1;
  KRIGE_TRY(tuner::TrialPage page, api.engine.trials(id, all));
  out.trials = std::move(page.trials);
  return out;
}

// Those of the studies that were looked at last: a page asks several things of the same moment. Thread-safe.
class Explainers {
 public:
  // Shared: a request may still use one that was given up.
  using Shared = std::shared_ptr<const Explainer>;

  Result<Shared> of(Api& api, const StudyId& id) {
    // Before the copy, which then shows no less than this.
    KRIGE_TRY(const tuner::StudyView view, api.engine.study(id));
    const Moment moment{id, view.row.seq};
    if (Shared kept = find(moment)) return kept;
    KRIGE_TRY(tuner::StudySnapshot study, snapshot(api, id));
    Result<Explainer> made = at_low_priority([&]() -> Result<Explainer> {
      KRIGE_CHECK(tuner::bring_up_to_date(study));
      return Explainer::make(std::move(study));
    });
    if (!made) return fail(made.error());
    return keep(moment, std::make_shared<const Explainer>(*std::move(made)));
  }

 private:
  static constexpr std::size_t kKept = 4;  // some megabytes each
  using Moment = std::pair<StudyId, std::uint64_t>;

  Shared find(const Moment& moment) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(kept_, moment, &std::pair<Moment, Shared>::first);
    return found == kept_.end() ? nullptr : found->second;
  }
  Shared keep(const Moment& moment, Shared made) {
    const std::lock_guard lock(mutex_);
    std::erase_if(kept_, [&](const auto& one) { return one.first.first == moment.first; });
    kept_.emplace_back(moment, made);
    if (kept_.size() > kKept) kept_.pop_front();
    return made;
  }

  std::mutex mutex_;
  std::deque<std::pair<Moment, Shared>> kept_;  // guarded by mutex_; the oldest first
};

OrderedJson to_json(const Belief& belief) {
  return {{"mean", number(belief.mean)}, {"sd", number(belief.sd)}, {"ei", number(std::exp(belief.log_ei))}};
}

// A column each, as charts take them.
void add_columns(OrderedJson& json, const std::vector<Belief>& beliefs) {
  for (const char* key : {"mean", "sd", "ei"}) json[key] = OrderedJson::array();
  for (const Belief& belief : beliefs) {
    json["mean"].push_back(number(belief.mean));
    json["sd"].push_back(number(belief.sd));
    json["ei"].push_back(number(std::exp(belief.log_ei)));
  }
}

OrderedJson to_json(const std::vector<tuner::Value>& values) {
  OrderedJson json = OrderedJson::array();
  for (const tuner::Value& value : values) json.push_back(tuner::to_json(value));
  return json;
}

// The point through which a slice or a plane goes: trial=ID, params={…}, or the incumbent.
struct Through {
  std::optional<TrialId> trial;
  tuner::Params params;
};

Result<Through> read_through(QueryReader& query, const Explainer& model) {
  const auto trial = static_cast<TrialId>(query.number("trial", 1, std::numeric_limits<TrialId>::max(), 0));
  const std::string text = query.text("params");
  if (trial > 0 && !text.empty()) query.fault("params", "is given besides a trial");
  if (!text.empty()) {
    const Result<OrderedJson> json = parse_json(text);
    if (!json) return fail(json.error().within("params"));
    KRIGE_TRY(const tuner::Params params, tuner::params_from_json(*json));
    auto checked = model.study().spec.space.check(params);
    if (!checked) return fail(checked.error().within("params"));
    return Through{std::nullopt, std::move(*checked)};
  }
  const TrialId through = trial > 0 ? trial : model.incumbent().first;
  KRIGE_TRY(tuner::Params params, model.point_of(through));
  return Through{through, std::move(params)};
}

OrderedJson head(const Explainer& model, const Through& through) {
  OrderedJson json;
  json["fit"] = model.study().fit->id;
  const auto [trial, mean] = model.incumbent();
  json["incumbent"] = {{"trial", trial}, {"mean", number(mean)}};
  OrderedJson& at = json["through"];
  at["trial"] = through.trial ? OrderedJson(*through.trial) : OrderedJson();
  at["params"] = tuner::to_json(through.params);
  at.update(to_json(model.belief_at(through.params)));
  return json;
}

OrderedJson slice_json(const Explainer& model, const tuner::Params& through, const tuner::Slice& slice) {
  OrderedJson json{{"parameter", slice.parameter}, {"values", to_json(slice.values)}};
  add_columns(json, slice.beliefs);
  OrderedJson& observed = json["observed"] = OrderedJson::array();
  OrderedJson& pending = json["pending"] = OrderedJson::array();
  for (const auto& [id, nearness] : model.beside(through, slice.parameter)) {
    const tuner::Trial& trial = model.study().trials[static_cast<std::size_t>(id) - 1];
    OrderedJson point{{"trial", id},
                      {"at", tuner::to_json(*tuner::find(trial.params, slice.parameter))},
                      {"nearness", number(nearness)}};
    if (trial.value) point["value"] = number(*trial.value);
    (trial.value ? observed : pending).push_back(std::move(point));
  }
  return json;
}

Result<Reply> slice(const Explainer& model, const Call& call) {
  QueryReader query(call.request);
  KRIGE_TRY(const Through through, read_through(query, model));
  std::vector<std::string> names = query.list("parameter");
  if (std::set<std::string>(names.begin(), names.end()).size() < names.size())
    query.fault("parameter", "names one more than once");
  const std::size_t points = query.number("points", 2, kMostSlicePoints, kSlicePoints);
  KRIGE_CHECK(query.finish());
  if (names.empty()) names = model.active_at(through.params);
  OrderedJson json = head(model, through);
  OrderedJson& slices = json["slices"] = OrderedJson::array();
  for (const std::string& name : names) {
    KRIGE_TRY(const tuner::Slice made, model.slice(through.params, name, points));
    slices.push_back(slice_json(model, through.params, made));
  }
  return json_reply(json);
}

Result<Reply> contour(const Explainer& model, const Call& call) {
  QueryReader query(call.request);
  KRIGE_TRY(const Through through, read_through(query, model));
  const std::string x = query.text("x");
  const std::string y = query.text("y");
  if (x.empty()) query.fault("x", "is missing");
  if (y.empty()) query.fault("y", "is missing");
  const std::size_t points = query.number("points", 2, kMostContourPoints, kContourPoints);
  KRIGE_CHECK(query.finish());
  KRIGE_TRY(const tuner::Contour made, model.contour(through.params, x, y, points));
  OrderedJson json = head(model, through);
  json["x"] = {{"parameter", x}, {"values", to_json(made.x.values)}};
  json["y"] = {{"parameter", y}, {"values", to_json(made.y.values)}};
  add_columns(json, made.beliefs);
  return json_reply(json);
}

OrderedJson lengthscales(const Explainer& model, const gp::Hyperparameters& learned) {
  OrderedJson json = OrderedJson::array();
  const tuner::Space& space = model.study().spec.space;
  for (std::size_t d = 0; d < learned.log_lengthscales.size(); ++d) {
    OrderedJson one{{"parameter", space.parameters()[space.dimensions()[d]].name},
                    {"lengthscale", number(std::exp(learned.log_lengthscales[d]))},
                    {"main_lengthscale", nullptr}};
    if (!learned.log_main_lengthscales.empty())
      one["main_lengthscale"] = number(std::exp(learned.log_main_lengthscales[d]));
    json.push_back(std::move(one));
  }
  return json;
}

Result<Reply> trust(const Explainer& model, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  const tuner::Trust trust = model.trust();
  const gp::Hyperparameters& learned = trust.hyperparameters;
  const tuner::SurrogateFit& fit = *model.study().fit;
  OrderedJson json{{"fit", fit.id},
                   {"finished", fit.finished},
                   {"through", fit.through},
                   {"observations", trust.left_out.size()},
                   {"within_1_sd", number(trust.within_1_sd)},
                   {"within_2_sd", number(trust.within_2_sd)},
                   {"rmse", number(trust.rmse)},
                   {"noise_sd", number(trust.noise_sd)},
                   {"warp", trust.warp == gp::OutputWarp::none ? "none" : "log_above_median"},
                   {"signal", number(std::exp(learned.log_signal))},
                   {"main_signal", number(std::exp(learned.log_main_signal))},
                   {"noise", number(std::exp(learned.log_noise))},
                   {"jitter_level", trust.jitter_level}};
  json["lengthscales"] = lengthscales(model, learned);
  OrderedJson& left_out = json["leave_one_out"] = OrderedJson::array();
  for (const tuner::LeftOut& one : trust.left_out)
    left_out.push_back({{"trial", one.trial},
                        {"value", number(one.value)},
                        {"mean", number(one.mean)},
                        {"sd", number(one.sd)},
                        {"low", number(one.low)},
                        {"high", number(one.high)},
                        {"z", number(one.z)}});
  return json_reply(json);
}

Result<Reply> importance(const Explainer& model, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  const gp::SobolIndices indices = model.importance();
  const tuner::Space& space = model.study().spec.space;
  OrderedJson json{{"fit", model.study().fit->id}, {"parameters", OrderedJson::array()}};
  for (std::size_t d = 0; d < indices.total.size(); ++d)
    json["parameters"].push_back({{"parameter", space.parameters()[space.dimensions()[d]].name},
                                  {"first_order", number(indices.first[d])},
                                  {"total", number(indices.total[d])}});
  return json_reply(json);
}

Result<Reply> reason(const Explainer& model, const Call& call) {
  QueryReader query(call.request);
  const auto trial = static_cast<TrialId>(query.number("trial", 1, std::numeric_limits<TrialId>::max(), 0));
  if (trial == 0) query.fault("trial", "is missing");
  KRIGE_CHECK(query.finish());
  KRIGE_TRY(const tuner::Reason reason, model.reason(trial));
  OrderedJson json{{"fit", model.study().fit->id}, {"trial", trial}};
  json["suggestion"] = tuner::to_json(reason.suggestion);
  json["best_before"] = nullptr;
  if (reason.best_before)
    json["best_before"] = {{"trial", reason.best_before->first}, {"value", number(reason.best_before->second)}};
  json["exploitation"] = reason.exploitation ? number(*reason.exploitation) : OrderedJson();
  json["now"] = to_json(reason.now);
  OrderedJson& nearest = json["nearest"] = OrderedJson::array();
  for (const auto& [id, nearness] : reason.nearest) {
    const tuner::Trial& other = model.study().trials[static_cast<std::size_t>(id) - 1];
    nearest.push_back({{"trial", id},
                       {"nearness", number(nearness)},
                       {"value", number(*other.value)},
                       {"params", tuner::to_json(other.params)}});
  }
  return json_reply(json);
}

Result<Reply> next(Api& api, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  KRIGE_TRY(const tuner::StudyView view, api.engine.study(call["study"]));
  if (tuner::is_final(view.row.state) || view.row.state == tuner::StudyState::stopping)
    return fail(ErrorCode::study_finished, fmt::format("the study is {}", tuner::name(view.row.state)));
  KRIGE_TRY(tuner::StudySnapshot study, snapshot(api, call["study"]));
  KRIGE_TRY(const tuner::NextSuggestion made,
            at_low_priority([&] { return tuner::next_suggestion(std::move(study)); }));
  return json_reply({{"id", made.id},
                     {"params", tuner::to_json(made.suggestion.params)},
                     {"suggestion", tuner::to_json(made.suggestion.info)},
                     {"new_fit", made.new_fit}});
}

}  // namespace

void add_surrogate(Router& router, Api& api) {
  const auto places = std::make_shared<Slots>(kAtOnce);
  const auto add = [&](std::string_view verb, Handler answer) {
    router.add("GET", fmt::format("/api/v1/studies/{{study}}/surrogate:{}", verb),
               [places, answer = std::move(answer)](const Call& call) -> Result<Reply> {
                 const Slots::Slot place = places->take();
                 if (!place) return fail(ErrorCode::unavailable, "the model is being looked at by others: ask again");
                 return answer(call);
               });
  };
  const auto explainers = std::make_shared<Explainers>();
  const auto add_of_model = [&](std::string_view verb, Result<Reply> (*answer)(const Explainer&, const Call&)) {
    add(verb, [&api, explainers, answer](const Call& call) -> Result<Reply> {
      KRIGE_TRY(const Explainers::Shared model, explainers->of(api, call["study"]));
      return at_low_priority([&] { return answer(*model, call); });
    });
  };
  add_of_model("slice", slice);
  add_of_model("contour", contour);
  add_of_model("trust", trust);
  add_of_model("importance", importance);
  add_of_model("reason", reason);
  add("next", [&api](const Call& call) { return next(api, call); });
}

}  // namespace krige::server
