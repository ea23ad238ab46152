#include "server/idempotency.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "server/hash.h"
#include "server/http/problem.h"

namespace krige::server {
namespace {

constexpr std::string_view kHeader = "Idempotency-Key";

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= kMaxKeyBytes &&
         std::ranges::all_of(key, [](char c) { return c > ' ' && c <= '~'; });
}

std::string fingerprint(const Request& request) {
  std::string text = fmt::format("{} {}", request.method, request.path);
  for (const auto& [name, value] : request.query) text += fmt::format("&{}={}", name, value);
  return fmt::format("{} {:016x}", text, hash_of(request.body));
}

std::string to_text(const Reply& reply) {
  OrderedJson headers = OrderedJson::array();
  for (const auto& [name, value] : reply.headers) headers.push_back({name, value});
  return dump(OrderedJson{{"status", reply.status}, {"headers", headers}, {"body", reply.body}});
}

// Kept, it would be all that is ever told under the key.
bool says_to_come_again(const Reply& reply) {
  return std::ranges::any_of(reply.headers, [](const auto& header) { return header.first == "Retry-After"; });
}

Result<Reply> reply_from(const std::string& text) {
  KRIGE_TRY(const OrderedJson json, parse_json(text));
  Reply reply;
  try {
    reply.status = json.at("status").get<int>();
    reply.body = json.at("body").get<std::string>();
    for (const OrderedJson& header : json.at("headers"))
      reply.headers.emplace_back(header.at(0).get<std::string>(), header.at(1).get<std::string>());
  } catch (const nlohmann::json::exception& e) {
    return fail(ErrorCode::corrupt, fmt::format("a kept answer cannot be read: {}", e.what()));
  }
  reply.headers.emplace_back("Idempotency-Replayed", "true");
  return reply;
}

}  // namespace

std::optional<std::string> key_of(const Request& request) {
  if (request.method != "POST") return std::nullopt;
  const auto key = request.header(kHeader);
  return key ? std::optional<std::string>(*key) : std::nullopt;
}

tuner::KeptAnswer kept_answer(const Request& request, const Reply& reply) {
  return {key_of(request).value_or(""), fingerprint(request), to_text(reply), system_clock().wall_now()};
}

Reply Idempotency::answer(const Request& request, const std::function<Reply(const Request&)>& handle) {
  const std::optional<std::string> key = key_of(request);
  if (!key) return handle(request);
  const auto problem = [&](const Problem& what) { return to_reply(what, request.request_id); };
  if (!is_key(*key))
    return problem(to_problem({ErrorCode::invalid_argument,
                               fmt::format("must have 1 to {} visible ASCII characters", kMaxKeyBytes),
                               std::string(kHeader),
                               {}}));
  {
    const std::lock_guard lock(mutex_);
    if (!in_progress_.insert(*key).second)
      return problem(
          to_problem({ErrorCode::conflict, "a request with this key is being answered", std::string(kHeader), {}}));
  }
  Result<Reply> reply = fail(ErrorCode::internal, "");
  try {
    reply = once(request, *key, handle);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    in_progress_.erase(*key);
    throw;
  }
  const std::lock_guard lock(mutex_);
  in_progress_.erase(*key);
  return reply ? std::move(*reply) : problem(to_problem(reply.error()));
}

Result<Reply> Idempotency::once(const Request& request, const std::string& key,
                                const std::function<Reply(const Request&)>& handle) {
  KRIGE_TRY(std::optional<tuner::KeptAnswer> before, engine_.kept_answer(key));
  if (before && before->time >= system_clock().wall_now() - tuner::kAnswersAreKept) {
    if (before->request == fingerprint(request)) return reply_from(before->answer);
    return to_reply(Problem::http(422, "key_reused", "the Idempotency-Key was used for another request"),
                    request.request_id);
  }
  Reply reply = handle(request);
  if (reply.status / 100 != 2 || reply.stream || says_to_come_again(reply)) return reply;
  // Kept already where the request changed something that must not be changed twice.
  KRIGE_TRY(before, engine_.kept_answer(key));
  if (!before) KRIGE_CHECK(engine_.keep_answer(kept_answer(request, reply)));
  return reply;
}

}  // namespace krige::server
