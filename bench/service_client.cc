#include "bench/service_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <nlohmann/json.hpp>

namespace krige::bench {
namespace {

constexpr timeval kDeadline{.tv_sec = 60, .tv_usec = 0};

}  // namespace

Status ServiceClient::connect() {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!fd || ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kDeadline, sizeof kDeadline) != 0 ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno(errno, "cannot connect to the service");
  fd_ = std::move(fd);
  return {};
}

Result<ServiceClient::Answer> ServiceClient::read_answer() {
  input_.clear();
  std::size_t head = std::string::npos;
  std::size_t length = 0;
  std::array<char, 1 << 16> buffer;
  while (head == std::string::npos || input_.size() < head + length) {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return fail_errno(got == 0 ? ECONNRESET : errno, "the service does not answer");
    input_.append(buffer.data(), static_cast<std::size_t>(got));
    if (head != std::string::npos) continue;
    const std::size_t end = input_.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    head = end + 4;
    constexpr std::string_view kLength = "Content-Length: ";
    const std::size_t at = std::string_view(input_).substr(0, head).find(kLength);
    if (at != std::string::npos) std::from_chars(input_.data() + at + kLength.size(), input_.data() + head, length);
  }
  Answer answer;
  constexpr std::size_t kStatus = std::string_view("HTTP/1.1 ").size();
  std::from_chars(input_.data() + kStatus, input_.data() + input_.size(), answer.status);
  answer.body = std::string_view(input_).substr(head, length);
  return answer;
}

Status ServiceClient::begin(std::string_view request) {
  if (!fd_) KRIGE_CHECK(connect());
  std::string text = fmt::format("{} HTTP/1.1\r\nHost: localhost:{}\r\n", request, port_);
  if (!token_.empty()) text += fmt::format("Authorization: Bearer {}\r\n", token_);
  if (request.starts_with("GET")) text += "\r\n";
  if (request.empty()) return {};
  if (::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
    return fail(ErrorCode::io, "the request could not be sent");
  return {};
}

Result<ServiceClient::Answer> ServiceClient::call(std::string_view method, std::string_view path,
                                                  std::string_view body) {
  if (!fd_) KRIGE_CHECK(connect());
  std::string request = fmt::format("{} {} HTTP/1.1\r\nHost: localhost:{}\r\n", method, path, port_);
  if (!token_.empty()) request += fmt::format("Authorization: Bearer {}\r\n", token_);
  if (method != "GET") request += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  request += "\r\n";
  request += body;
  Result<Answer> answer = fail(ErrorCode::io, "the request could not be sent");
  if (::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()))
    answer = read_answer();
  if (!answer) fd_.reset();
  return answer;
}

Result<OrderedJson> ServiceClient::ask(std::string_view method, std::string_view path, const OrderedJson& body) {
  KRIGE_TRY(const Answer answer, call(method, path, dump(body)));
  if (answer.status / 100 != 2)
    return fail(ErrorCode::internal, fmt::format("{} {}: {} {}", method, path, answer.status, answer.body));
  return parse_json(answer.body);
}

}  // namespace krige::bench
