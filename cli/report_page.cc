#include "cli/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "web/assets.h"

namespace krige::cli {
namespace {

const web::Asset* bundled(std::string_view name, std::string_view extension) {
  const auto all = web::assets();
  const auto found = std::ranges::find_if(all, [&](const web::Asset& asset) {
    return asset.path.starts_with(fmt::format("/assets/{}-", name)) && asset.path.ends_with(extension);
  });
  return found == all.end() ? nullptr : &*found;
}

// JSON that may stand within an element: nothing in it ends the element or begins a comment.
std::string embedded(const OrderedJson& json) {
  std::string text;
  for (const char c : dump(json)) {
    if (c == '<')
      text += "\\u003c";
    else
      text += c;
  }
  return text;
}

// What the page asks for, as web/src/pages/report/ has it. A study that has no model has no answers about it.
Result<OrderedJson> answers_of(Service& service, const OrderedJson& study) {
  const std::string path = "/studies/" + study.at("id").get<std::string>();
  OrderedJson answers{{path, study}};
  KRIGE_TRY(const std::vector<OrderedJson> trials, service.list(path + "/trials", "trials"));
  answers[path + "/trials"] = {
      {"trials", trials}, {"next_page_token", ""}, {"seq", study.at("seq")}, {"total_size", trials.size()}};
  for (const auto& [what, query] :
       {std::pair{"/history", "?points=20000"}, {"/trials:sample", "?limit=2000"}, {"/trials:optimal", ""}}) {
    KRIGE_TRY(answers[path + what], service.get(path + what + query));
  }
  if (Result<OrderedJson> curves = service.get(path + "/curves?limit=500")) {
    (*curves)["metrics"] = (*curves)["curves"].empty() ? OrderedJson::array() : OrderedJson{(*curves)["metric"]};
    answers[path + "/curves"] = *std::move(curves);
  }
  for (const auto& [what, query] : {std::pair{"slice", "?points=129"}, {"trust", ""}, {"importance", ""}})
    if (Result<OrderedJson> answer = service.get(fmt::format("{}/surrogate:{}{}", path, what, query)))
      answers[fmt::format("{}/surrogate:{}", path, what)] = *std::move(answer);
  return answers;
}

}  // namespace

Result<std::string> report_page(Service& service, const OrderedJson& study) {
  const web::Asset* script = bundled("report", ".js");
  const web::Asset* style = bundled("style", ".css");
  const web::Asset* licences = bundled("report", ".LEGAL.txt");
  if (script == nullptr || style == nullptr)
    return fail(ErrorCode::unsupported, "this krige was built without the dashboard, which the page is made of");
  OrderedJson report{{"study", study.at("id")},
                     {"made_at", to_rfc3339(system_clock().wall_now())},
                     {"version", KRIGE_VERSION},
                     {"licences", licences == nullptr ? "" : licences->content}};
  KRIGE_TRY(report["answers"], answers_of(service, study));
  // Only this script and this style count, whatever the names and reasons in a study look like.
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-{}'; "
      "style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Krige</title>\n<style>{}</style>\n</head>\n<body>\n"
      "<div id=\"app\"></div>\n<noscript>This report needs JavaScript.</noscript>\n"
      "<script type=\"application/json\" id=\"krige-report\">{}</script>\n<script type=\"module\">{}</script>\n"
      "</body>\n</html>\n",
      script->sha256, style->sha256, style->content, embedded(report), script->content);
}

}  // namespace krige::cli
