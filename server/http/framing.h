// Where an HTTP/1.1 request ends in a stream of bytes (RFC 9112), and which requests are refused before a thread is
// spent on them. cpp-httplib has no limit for the number of headers, none for chunked or compressed bodies, and reads
// while it holds a thread; behind this it only ever sees whole requests of bounded size.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "server/http/problem.h"

namespace krige::server {

struct FramingLimits {
  std::size_t request_line_bytes = 4096;
  std::size_t head_bytes = std::size_t{16} << 10;
  std::size_t body_bytes = std::size_t{1} << 20;  // after the removal of chunk headers
};

// Looks at the bytes of one request as they arrive, each byte once.
class RequestFramer {
 public:
  explicit RequestFramer(const FramingLimits& limits) : limits_(limits) {}

  enum class Progress { more, complete, refused };
  // `bytes`: all that came since the beginning of this request, perhaps with some of the next one.
  Progress advance(std::string_view bytes);

  // Once complete: how many of the bytes are this request.
  [[nodiscard]] std::size_t size() const { return position_; }
  // Once refused: why.
  [[nodiscard]] const Problem& refusal() const { return *refusal_; }
  // The client waits for "100 Continue" before it sends the body.
  [[nodiscard]] bool wants_continue() const { return wants_continue_; }

 private:
  enum class Part { head, fixed_body, chunk_size, chunk_data, last_line };

  Progress refuse(Problem problem);
  Progress read_head(std::string_view head);
  // Whether the header is one we can go on with; sets the framing of the body.
  bool read_header(std::string_view name, std::string_view value);
  Progress read_chunk_size(std::string_view bytes);

  FramingLimits limits_;
  Part part_ = Part::head;
  std::size_t position_ = 0;  // of the first byte that has not been understood
  std::size_t scanned_ = 0;   // no end of the head begins before it
  std::size_t body_left_ = 0;
  std::size_t body_total_ = 0;
  std::optional<std::size_t> content_length_;
  bool chunked_ = false;
  bool wants_continue_ = false;
  std::optional<Problem> refusal_;
};

}  // namespace krige::server
