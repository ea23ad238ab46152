// Study files before they become studies: whoever writes one hears of its faults without starting anything.
#include <nlohmann/json.hpp>

#include "server/routes/input.h"
#include "server/routes/routes.h"
#include "tuner/spec/study_spec.h"

namespace krige::server {
namespace {

// {text}: YAML or JSON. The answer is what POST /studies takes.
Result<Reply> check(Api& api, const Call& call) {
  KRIGE_CHECK(QueryReader(call.request).finish());
  KRIGE_TRY(const OrderedJson body, json_body(call.request));
  Faults faults;
  ObjectReader reader(body, "", faults);
  reader.require("text");
  const std::string text = reader.string("text").value_or("");
  reader.finish();
  if (!faults.empty()) return fail(faults.error());
  const bool is_json =
      text.find_first_not_of(" \t\r\n") != std::string::npos && text[text.find_first_not_of(" \t\r\n")] == '{';
  KRIGE_TRY(const OrderedJson file, is_json ? parse_json(text) : tuner::yaml_to_json(text));
  KRIGE_TRY(const tuner::StudySpec spec, tuner::parse_study(file, {api.options.data_root, true}));
  return json_reply({{"spec", tuner::to_json(spec)}, {"notes", spec.notes}});
}

}  // namespace

void add_study_files(Router& router, Api& api) {
  router.add("POST", "/api/v1/study-files:check", [&api](const Call& call) { return check(api, call); });
}

}  // namespace krige::server
