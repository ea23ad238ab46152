#include "server/http/framing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace krige::server {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kChunkSizeDigits = 8;
constexpr std::size_t kRangeCharacters = 128;

Problem bad_request(std::string detail) { return Problem::http(400, "invalid_argument", std::move(detail)); }

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The whole text as digits of `base`; nullopt for a sign, a blank, nothing, or more than fits.
std::optional<std::size_t> parse_digits(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

RequestFramer::Progress RequestFramer::refuse(Problem problem) {
  refusal_ = std::move(problem);
  return Progress::refused;
}

RequestFramer::Progress RequestFramer::advance(std::string_view bytes) {
  if (part_ == Part::head) {
    const auto end = bytes.find("\r\n\r\n", scanned_);
    const std::size_t head_size = end == std::string_view::npos ? bytes.size() : end + 4;
    if (head_size > limits_.head_bytes)
      return refuse(
          Problem::http(431, "payload_too_large", fmt::format("the head exceeds {} bytes", limits_.head_bytes)));
    if (end == std::string_view::npos) {
      scanned_ = bytes.size() < 3 ? 0 : bytes.size() - 3;
      return Progress::more;
    }
    position_ = head_size;
    if (const Progress progress = read_head(bytes.substr(0, end + 2)); progress != Progress::more) return progress;
  }
  while (true) {
    const std::size_t available = bytes.size() - position_;
    switch (part_) {
      case Part::head:
        return Progress::more;
      case Part::fixed_body:
        if (available < body_left_) return Progress::more;
        position_ += body_left_;
        return Progress::complete;
      case Part::chunk_size:
        if (const Progress progress = read_chunk_size(bytes); progress != Progress::complete) return progress;
        break;
      case Part::chunk_data:
        if (available < body_left_ + kLineEnd.size()) return Progress::more;
        position_ += body_left_;
        if (bytes.substr(position_, kLineEnd.size()) != kLineEnd)
          return refuse(bad_request("a chunk has a wrong size"));
        position_ += kLineEnd.size();
        part_ = Part::chunk_size;
        break;
      case Part::last_line:
        if (available < kLineEnd.size()) return Progress::more;
        // A trailer could replace headers that have been checked already.
        if (bytes.substr(position_, kLineEnd.size()) != kLineEnd) return refuse(bad_request("trailers are not taken"));
        position_ += kLineEnd.size();
        return Progress::complete;
    }
  }
}

RequestFramer::Progress RequestFramer::read_head(std::string_view head) {
  bool first = true;
  while (!head.empty()) {
    const auto end = head.find(kLineEnd);
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + kLineEnd.size());
    // The library ends lines and strings at these.
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
      return refuse(bad_request("a stray control character in the head"));
    if (first) {
      first = false;
      if (line.size() > limits_.request_line_bytes)
        return refuse(Problem::http(414, "payload_too_large",
                                    fmt::format("the request line exceeds {} bytes", limits_.request_line_bytes)));
      continue;
    }
    const auto colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos || line.find_first_of(" \t") < colon)
      return refuse(bad_request("a malformed header line"));
    if (!read_header(line.substr(0, colon), trimmed(line.substr(colon + 1)))) return Progress::refused;
  }
  if (chunked_ && content_length_) return refuse(bad_request("both Content-Length and Transfer-Encoding are given"));
  part_ = chunked_ ? Part::chunk_size : Part::fixed_body;
  body_left_ = content_length_.value_or(0);
  return Progress::more;
}

bool RequestFramer::read_header(std::string_view name, std::string_view value) {
  const auto is = [&](std::string_view other) { return equals_ignoring_case(name, other); };
  if (is("Content-Length")) {
    const std::optional<std::size_t> length = parse_digits(value, 10);
    if (!length || content_length_) {
      refuse(bad_request("Content-Length must be one number"));
    } else if (*length > limits_.body_bytes) {
      refuse(to_problem(
          {ErrorCode::payload_too_large, fmt::format("the body exceeds {} bytes", limits_.body_bytes), {}, {}}));
    }
    content_length_ = length;
  } else if (is("Transfer-Encoding")) {
    if (chunked_ || !equals_ignoring_case(value, "chunked")) refuse(bad_request("Transfer-Encoding must be chunked"));
    chunked_ = true;
  } else if (is("Content-Encoding")) {
    // Decompression has no limit in the library: a small body could fill the memory.
    if (!equals_ignoring_case(value, "identity"))
      refuse(to_problem({ErrorCode::unsupported_media_type, "compressed bodies are not taken", {}, {}}));
  } else if (is("Range")) {
    // Nothing of ours has ranges, but the library reads them, and recurses as deep as they are long.
    if (value.size() > kRangeCharacters) refuse(Problem::http(416, "invalid_argument", "too many ranges"));
  } else if (is("Expect")) {
    wants_continue_ = equals_ignoring_case(value, "100-continue");
  }
  return !refusal_;
}

RequestFramer::Progress RequestFramer::read_chunk_size(std::string_view bytes) {
  const auto end = bytes.find(kLineEnd, position_);
  if (std::min(end, bytes.size()) - position_ > kChunkSizeDigits + (end == std::string_view::npos ? 1 : 0))
    return refuse(bad_request("a malformed chunk size"));
  if (end == std::string_view::npos) return Progress::more;
  const std::optional<std::size_t> size = parse_digits(bytes.substr(position_, end - position_), 16);
  if (!size) return refuse(bad_request("a malformed chunk size"));
  position_ = end + kLineEnd.size();
  body_total_ += *size;
  // The second bound is for the chunk headers: many tiny chunks are mostly that.
  if (body_total_ > limits_.body_bytes || position_ > 2 * limits_.body_bytes + limits_.head_bytes)
    return refuse(to_problem(
        {ErrorCode::payload_too_large, fmt::format("the body exceeds {} bytes", limits_.body_bytes), {}, {}}));
  body_left_ = *size;
  part_ = *size == 0 ? Part::last_line : Part::chunk_data;
  return Progress::complete;
}

}  // namespace krige::server
