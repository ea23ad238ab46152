// Browsers sign in: they cannot send an Authorization header with every request, event streams among them.
#include <nlohmann/json.hpp>

#include "server/routes/input.h"
#include "server/routes/routes.h"

namespace krige::server {
namespace {

OrderedJson to_json(const Caller& caller) {
  return {{"name", caller.name}, {"role", caller.role ? name(*caller.role) : ""}};
}

// `who`: null when it failed.
void audit(const Api& api, const Call& call, const Caller* who) {
  if (api.auth == nullptr) return;
  const int status = who != nullptr ? 200 : http_status(ErrorCode::unauthenticated);
  api.write_audit({system_clock().wall_now(), who != nullptr ? who->name : "anonymous",
                   std::string(who != nullptr && who->role ? name(*who->role) : ""), call.request.method,
                   call.request.path, status, call.request.request_id, call.request.address});
}

Result<Reply> sign_in(Api& api, const Call& call) {
  KRIGE_CHECK(QueryReader(call.request).finish());
  KRIGE_TRY(const OrderedJson body, json_body(call.request));
  Faults faults;
  ObjectReader reader(body, "", faults);
  reader.require("token");
  const std::string token = reader.string("token").value_or("");
  reader.finish();
  if (!faults.empty()) return fail(faults.error());
  if (api.auth == nullptr) return json_reply(to_json(call.caller));
  const auto signed_in = api.auth->sign_in(token);
  if (!signed_in && !api.failures.take(call.request.address)) return fail(asks_too_often(kUnknownCaller));
  audit(api, call, signed_in ? &signed_in->caller : nullptr);
  if (!signed_in) return fail(ErrorCode::unauthenticated, "this token is not known, or it was revoked");
  Reply reply = json_reply(to_json(signed_in->caller));
  reply.headers.emplace_back("Set-Cookie", signed_in->set_cookie);
  return reply;
}

Result<Reply> sign_out(Api& api, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  Reply reply;
  reply.status = 204;
  if (call.caller.role) audit(api, call, &call.caller);
  if (api.auth != nullptr) reply.headers.emplace_back("Set-Cookie", api.auth->sign_out());
  return reply;
}

// The address that `krige serve` prints. Whatever the code is, the page comes: it asks for a token where it must.
Result<Reply> follow_login_address(Api& api, const Call& call) {
  QueryReader query(call.request);
  const std::string code = query.text("code");
  KRIGE_CHECK(query.finish());
  Reply reply;
  reply.status = 303;
  reply.headers = {{"Location", "/"}, {"Cache-Control", "no-store"}};
  // A HEAD is how programs look at addresses that pass by; it must not use the code up.
  if (api.auth == nullptr || call.request.method != "GET") return reply;
  const auto signed_in = api.auth->redeem(code);
  // Beyond the limit of failures nothing is written down: it would be for anybody to fill the disk.
  if (signed_in || api.failures.take(call.request.address)) audit(api, call, signed_in ? &signed_in->caller : nullptr);
  if (signed_in) reply.headers.emplace_back("Set-Cookie", signed_in->set_cookie);
  return reply;
}

}  // namespace

void add_session(Router& router, Api& api) {
  constexpr std::string_view kPath = "/api/v1/session";
  router.add(
      "POST", kPath, [&api](const Call& call) { return sign_in(api, call); }, Access::open);
  router.add(
      "DELETE", kPath, [&api](const Call& call) { return sign_out(api, call); }, Access::open);
  router.add("GET", kPath, [](const Call& call) -> Result<Reply> {
    KRIGE_CHECK(expect_nothing(call.request));
    return json_reply(to_json(call.caller));
  });
  router.add(
      "GET", "/login", [&api](const Call& call) { return follow_login_address(api, call); }, Access::open);
}

}  // namespace krige::server
