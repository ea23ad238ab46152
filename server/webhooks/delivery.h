// One message to one address: signed, sent once, with a deadline.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace krige::server {

// Where messages go: http or https.
class Target {
 public:
  static Result<Target> parse(const std::string& url);

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::string& origin() const { return origin_; }  // https://host:port

 private:
  Target() = default;
  std::string url_;
  std::string origin_;
};

struct Message {
  std::string id;    // the same for every try: who receives it twice can tell
  std::string kind;  // trial.ended or study.ended
  std::string body;  // JSON
};

// HMAC-SHA-256 of "TIMESTAMP.BODY", as the header Krige-Signature has it: v1=HEX. The timestamp is signed too, so that
// an old message cannot be sent again as a new one.
[[nodiscard]] std::string signature(std::string_view secret, std::int64_t timestamp, std::string_view body);

// Errors: unavailable when there is no answer or one that is not 2xx; so also of https when the certificate is not that
// host's, or not of an authority in the PEM file `authorities` (empty: of one that the system trusts); cancelled when
// `stop` is requested, at once. `timeout` is for everything from the name's lookup to the answer's end. Redirects are
// not followed, no proxy is used, and of an answer only its status counts.
[[nodiscard]] Status deliver(const Target& target, const Message& message, std::string_view secret, Millis timeout,
                             const std::string& authorities, const std::stop_token& stop);

}  // namespace krige::server
