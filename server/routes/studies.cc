#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "server/hash.h"
#include "server/idempotency.h"
#include "server/routes/input.h"
#include "server/routes/routes.h"
#include "tuner/spec/study_spec.h"
#include "tuner/study/codec.h"

namespace krige::server {
namespace {

using tuner::Engine;
using tuner::StudyView;

constexpr std::size_t kMaxPageSize = 1000;
constexpr std::size_t kPageSize = 100;

constexpr std::size_t kMaxOlderTrials = 1000;  // of one study that another learns from

// {study, name?} in warm_start stands for the trials of a study of this server.
Status resolve_warm_start(Api& api, OrderedJson& file) {
  if (!file.is_object() || !file.contains("warm_start") || !file["warm_start"].is_array()) return {};
  OrderedJson& list = file["warm_start"];
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_object() || !list[i].contains("study")) continue;
    const std::string path = fmt::format("warm_start[{}]", i);
    Faults faults;
    ObjectReader reader(list[i], path, faults);
    const auto id = reader.string("study");
    const auto name = reader.string("name");
    reader.finish();
    if (!faults.empty()) return fail(faults.error());
    const Result<StudyView> study = api.engine.study(*id);
    if (!study) return fail(ErrorCode::invalid_argument, study.error().message, path + ".study");
    const OrderedJson older = parse_json(study->row.spec).value_or(OrderedJson::object());
    const std::string goal = older.value("metric", OrderedJson::object()).value("goal", "minimize");
    const OrderedJson metric = file.value("metric", OrderedJson::object());
    if (metric.is_object() && metric.value("goal", OrderedJson("minimize")) != goal)
      return fail(ErrorCode::invalid_argument, fmt::format("has another goal: {}", goal), path + ".study");
    KRIGE_TRY(tuner::OlderStudy trials, api.engine.as_older_study(*id, kMaxOlderTrials));
    if (name) trials.name = *name;
    list[i] = tuner::to_json(std::vector{std::move(trials)})[0];
  }
  return {};
}

Reply created_reply(const StudyView& study, const std::vector<std::string>& notes) {
  OrderedJson json = tuner::to_json(study);
  if (!notes.empty()) json["notes"] = notes;
  Reply reply = json_reply(json, 201);
  reply.headers.emplace_back("Location", "/api/v1/studies/" + study.row.id);
  return reply;
}

Result<Reply> create_from(Api& api, const Request& request, OrderedJson body) {
  KRIGE_CHECK(resolve_warm_start(api, body));
  KRIGE_TRY(const tuner::StudySpec spec, tuner::parse_study(body, {api.options.data_root, true}));
  KRIGE_CHECK(check_program(api.options, spec));
  const auto reply = [&](const StudyView& study) { return created_reply(study, spec.notes); };
  KRIGE_TRY(const StudyView study, api.engine.create_study(spec, kept<StudyView>(request, reply)));
  return reply(study);
}

Result<Reply> create(Api& api, const Request& request) {
  KRIGE_CHECK(QueryReader(request).finish());
  KRIGE_TRY(OrderedJson body, json_body(request));
  return create_from(api, request, std::move(body));
}

// Names the study file as it is, not the trials: it changes when the study is changed by hand.
std::string etag_of(const StudyView& study) {
  return fmt::format("\"{:016x}\"", hash_of(study.row.name + '\n' + study.row.spec));
}

Reply study_reply(const StudyView& study) {
  Reply reply = json_reply(tuner::to_json(study));
  reply.headers.emplace_back("ETag", etag_of(study));
  return reply;
}

// `budget`: what is given is changed, null takes a limit away (RFC 7396).
void change_budget(ObjectReader& reader, OrderedJson& file) {
  const OrderedJson* budget = reader.raw("budget");
  if (budget == nullptr) return;
  if (!budget->is_object()) reader.fault("budget", "must be an object");
  file["budget"].merge_patch(*budget);
}

Result<tuner::StudySpec> changed_by(const OrderedJson& body, const std::string& spec) {
  Faults faults;
  ObjectReader reader(body, "", faults);
  KRIGE_TRY(OrderedJson file, parse_json(spec));
  if (const auto name = reader.string("name")) file["name"] = *name;
  change_budget(reader, file);
  reader.finish();
  if (!faults.empty()) return fail(faults.error());
  // Its paths were resolved when it was made.
  return tuner::parse_study(file);
}

Result<Reply> patch(Api& api, const Call& call) {
  KRIGE_CHECK(QueryReader(call.request).finish());
  KRIGE_TRY(const OrderedJson body, json_body(call.request));
  const auto wanted = call.request.header("If-Match");
  while (true) {
    KRIGE_TRY(const StudyView study, api.engine.study(call["study"]));
    if (wanted && *wanted != "*" && *wanted != etag_of(study))
      return fail(ErrorCode::precondition_failed, "the study has been changed since it was read: read it again",
                  "If-Match");
    KRIGE_TRY(const tuner::StudySpec changed, changed_by(body, study.row.spec));
    const Result<StudyView> updated = api.engine.update(call["study"], changed, study.row.spec);
    if (updated) return study_reply(*updated);
    // Another change was kept between: this one is made to what there is now.
    if (updated.error().code != ErrorCode::precondition_failed) return fail(updated.error());
  }
}

// The same study file as a new study, with another name, seed or budget, and what the first one has found if asked for.
Result<Reply> clone(Api& api, const Call& call) {
  KRIGE_CHECK(QueryReader(call.request).finish());
  KRIGE_TRY(const OrderedJson body, json_body(call.request));
  KRIGE_TRY(const StudyView study, api.engine.study(call["study"]));
  Faults faults;
  ObjectReader reader(body, "", faults);
  KRIGE_TRY(OrderedJson file, parse_json(study.row.spec));
  for (const char* key : {"name", "seed"})
    if (const OrderedJson* value = reader.raw(key)) file[key] = *value;
  change_budget(reader, file);
  const bool warm_start = reader.boolean("warm_start").value_or(false);
  reader.finish();
  if (!faults.empty()) return fail(faults.error());
  if (warm_start) {
    if (!file.contains("warm_start")) file["warm_start"] = OrderedJson::array();
    file["warm_start"].push_back({{"study", study.row.id}});
  }
  return create_from(api, call.request, std::move(file));
}

// Names the last study of a page by what orders the list, so that the next page is found also when it gets deleted.
std::string token_after(const StudyView& study) {
  return fmt::format("{}.{}", study.row.created_at.time_since_epoch().count(), study.row.id);
}

Result<std::size_t> position_after(const std::vector<StudyView>& studies, const std::string& token) {
  const auto dot = token.find('.');
  std::int64_t created = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + std::min(dot, token.size()), created);
  if (dot == std::string::npos || error != std::errc{} || end != token.data() + dot)
    return fail(ErrorCode::invalid_argument, "is not a token of this list", "page_token");
  const auto next = std::ranges::find_if(studies, [&](const StudyView& study) {
    const auto time = study.row.created_at.time_since_epoch().count();
    return time != created ? time < created : study.row.id > token.substr(dot + 1);
  });
  return next - studies.begin();
}

Result<Reply> list(Api& api, const Request& request) {
  QueryReader query(request);
  const std::size_t size = query.number("page_size", 1, kMaxPageSize, kPageSize);
  const std::string token = query.text("page_token");
  KRIGE_CHECK(query.finish());
  const std::vector<StudyView> studies = api.engine.studies();
  std::size_t first = 0;
  if (!token.empty()) {
    KRIGE_TRY(first, position_after(studies, token));
  }
  const std::size_t last = std::min(studies.size(), first + size);
  OrderedJson page = OrderedJson::array();
  for (std::size_t i = first; i < last; ++i) page.push_back(tuner::to_json(studies[i]));
  return json_reply(
      {{"studies", std::move(page)}, {"next_page_token", last < studies.size() ? token_after(studies[last - 1]) : ""}});
}

// A call without input that answers with the study.
Handler answering_study(Result<StudyView> (Engine::*call)(const StudyId&), Api& api) {
  return [call, &api](const Call& asked) -> Result<Reply> {
    KRIGE_CHECK(expect_nothing(asked.request));
    KRIGE_TRY(const StudyView study, (api.engine.*call)(asked["study"]));
    return json_reply(tuner::to_json(study));
  };
}

Result<Reply> erase(Api& api, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  KRIGE_CHECK(api.engine.delete_study(call["study"]));
  forget_logs(api, call["study"]);
  Reply reply;
  reply.status = 204;
  return reply;
}

}  // namespace

void add_studies(Router& router, Api& api) {
  router.add("POST", "/api/v1/studies", [&api](const Call& call) { return create(api, call.request); });
  router.add("GET", "/api/v1/studies", [&api](const Call& call) { return list(api, call.request); });
  router.add("GET", "/api/v1/studies/{study}", [&api](const Call& call) -> Result<Reply> {
    KRIGE_CHECK(expect_nothing(call.request));
    KRIGE_TRY(const StudyView study, api.engine.study(call["study"]));
    return study_reply(study);
  });
  router.add("PATCH", "/api/v1/studies/{study}", [&api](const Call& call) { return patch(api, call); });
  router.add(
      "DELETE", "/api/v1/studies/{study}", [&api](const Call& call) { return erase(api, call); }, Access::admin);
  router.add("POST", "/api/v1/studies/{study}:clone", [&api](const Call& call) { return clone(api, call); });
  router.add("POST", "/api/v1/studies/{study}:pause", answering_study(&Engine::pause, api));
  router.add("POST", "/api/v1/studies/{study}:resume", answering_study(&Engine::resume, api));
  router.add("POST", "/api/v1/studies/{study}:stop", answering_study(&Engine::stop, api));
}

}  // namespace krige::server
