// What a handler sees of a request and what it answers: plain values, no library's types.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace krige::server {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string path;  // percent-decoded, without the query
  Fields query;      // as parse_query gives it
  Fields headers;
  std::string_view body;  // whole; valid while the handler runs
  std::string request_id;
  std::string address;   // of the client, without its port; of IPv6 the first 64 bits, which one user has all of
  std::stop_token gone;  // the client has gone or the server stops

  // The first header of this name, whatever its case.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

// Sends a piece of the body; false when the client has gone or does not read: stop then.
using BodyWriter = std::function<bool(std::string_view)>;

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  Fields headers;
  // Instead of `body`: writes pieces until it returns. Runs on the request's thread.
  std::function<void(const BodyWriter&)> stream;
};

// What stands behind the first ? of a request's target: names and values in the order of their names. Percent-decoded,
// + is a space; a value begins behind the first =, and may have more of them.
[[nodiscard]] Fields parse_query(std::string_view target);

// ASCII only, as HTTP's names are.
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace krige::server
