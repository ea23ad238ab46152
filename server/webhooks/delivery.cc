#include "server/webhooks/delivery.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "server/auth/digest.h"

namespace krige::server {
namespace {

// What is read of an answer before its connection is closed: a receiver of good manners has sent all it had to say.
constexpr std::size_t kAnswerBytes = 64 << 10;
constexpr int kPollMillis = 1'000;

template <auto Delete>
struct Deleter {
  template <class T>
  void operator()(T* handle) const {
    Delete(handle);
  }
};
using Easy = std::unique_ptr<CURL, Deleter<curl_easy_cleanup>>;
using Multi = std::unique_ptr<CURLM, Deleter<curl_multi_cleanup>>;
using Url = std::unique_ptr<CURLU, Deleter<curl_url_cleanup>>;
using Lines = std::unique_ptr<curl_slist, Deleter<curl_slist_free_all>>;
using Text = std::unique_ptr<char, Deleter<curl_free>>;

void init_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, 0) != CURLUE_OK) return {};
  return Text(text).get();
}

// Null where there is no memory for all of them.
Lines lines_of(const std::vector<std::string>& texts) {
  Lines lines;
  for (const std::string& text : texts) {
    curl_slist* const longer = curl_slist_append(lines.get(), text.c_str());
    if (longer == nullptr) return nullptr;
    static_cast<void>(lines.release());
    lines.reset(longer);
  }
  return lines;
}

// Counts, and keeps nothing: an answer is its status. Taking less than was given closes the connection.
std::size_t count_bytes(char* /*data*/, std::size_t /*one*/, std::size_t size, void* count) {
  auto& bytes = *static_cast<std::size_t*>(count);
  bytes += size;
  return bytes > kAnswerBytes ? 0 : size;
}

}  // namespace

Result<Target> Target::parse(const std::string& url) {
  init_curl();
  const Url parsed(curl_url());
  // Names and passwords in an address end up in logs.
  const CURLUcode outcome = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_DISALLOW_USER);
  const std::string scheme = part(parsed.get(), CURLUPART_SCHEME), port = part(parsed.get(), CURLUPART_PORT);
  Target target;
  target.url_ = url;
  target.origin_ =
      fmt::format("{}://{}{}{}", scheme, part(parsed.get(), CURLUPART_HOST), port.empty() ? "" : ":", port);
  // libcurl puts right what it can (http:/host, http:///host); what was meant is for the operator to say.
  if (outcome != CURLUE_OK || (scheme != "http" && scheme != "https") || !url.starts_with(target.origin_) ||
      !part(parsed.get(), CURLUPART_FRAGMENT).empty()) {
    return fail(ErrorCode::invalid_argument, fmt::format("must be http://HOST[:PORT]/… or https://…, is {}", url),
                "--webhook");
  }
  return target;
}

std::string signature(std::string_view secret, std::int64_t timestamp, std::string_view body) {
  return "v1=" + hmac_sha256(secret, fmt::format("{}.{}", timestamp, body));
}

Status deliver(const Target& target, const Message& message, std::string_view secret, Millis timeout,
               const std::string& authorities, const std::stop_token& stop) {
  init_curl();
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(system_clock().wall_now().time_since_epoch()).count();
  const Lines headers =
      lines_of({"Content-Type: application/json", "Krige-Event: " + message.kind, "Krige-Delivery: " + message.id,
                fmt::format("Krige-Timestamp: {}", now), "Krige-Signature: " + signature(secret, now, message.body),
                "Expect:"});  // none: a message is small
  const Multi transfers(curl_multi_init());
  const Easy request(curl_easy_init());
  if (!transfers || !request || !headers) return fail(ErrorCode::unavailable, "no memory for a request");
  std::size_t answered_bytes = 0;
  char detail[CURL_ERROR_SIZE] = "";
  const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(request.get(), option, value); };
  set(CURLOPT_URL, target.url().c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PROXY, "");  // what is in the environment is not the service's
  set(CURLOPT_USERAGENT, "krige");
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_POSTFIELDS, message.body.data());
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(message.body.size()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));  // of the whole, also of an answer in drops
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a name that is being looked up keeps nobody
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(detail));
  set(CURLOPT_WRITEFUNCTION, &count_bytes);
  set(CURLOPT_WRITEDATA, &answered_bytes);
  if (!authorities.empty()) {
    set(CURLOPT_CAINFO, authorities.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // and no other
  }
  if (curl_multi_add_handle(transfers.get(), request.get()) != CURLM_OK)
    return fail(ErrorCode::unavailable, "no memory for a request");

  int running = 1;
  {
    const std::stop_callback wake(stop, [&] { curl_multi_wakeup(transfers.get()); });
    while (running > 0 && !stop.stop_requested()) {
      if (curl_multi_perform(transfers.get(), &running) != CURLM_OK) break;
      if (running > 0) curl_multi_poll(transfers.get(), nullptr, 0, kPollMillis, nullptr);
    }
  }
  int left = 0;
  const CURLMsg* const end = curl_multi_info_read(transfers.get(), &left);
  const CURLcode outcome = end == nullptr ? CURLE_FAILED_INIT : end->data.result;
  curl_multi_remove_handle(transfers.get(), request.get());
  if (end == nullptr && stop.stop_requested()) return fail(ErrorCode::cancelled, "the service stops");
  const bool cut_off = outcome == CURLE_WRITE_ERROR && answered_bytes > kAnswerBytes;
  if (outcome != CURLE_OK && !cut_off) {
    return fail(ErrorCode::unavailable,
                fmt::format("no answer: {}", *detail == '\0' ? curl_easy_strerror(outcome) : detail));
  }
  long status = 0;
  curl_easy_getinfo(request.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status / 100 != 2) return fail(ErrorCode::unavailable, fmt::format("answered {}", status));
  return {};
}

}  // namespace krige::server
