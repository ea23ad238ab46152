#include "bench/service_crowd.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace krige::bench {
namespace {

constexpr int kTickMs = 100;  // the slow sender sends a byte each
constexpr int kBeginMs = 10'000;

void must(const Status& done) {
  if (!done) throw std::runtime_error(done.error().describe());
}

}  // namespace

ServiceCrowd::ServiceCrowd(const ServiceProcess& service, const std::string& study, Size size)
    : slow_(service.client()) {
  for (int i = 0; i < size.streams; ++i)
    must(streams_.emplace_back(service.client()).begin(fmt::format("GET /api/v1/studies/{}/events", study)));
  for (int i = 0; i < size.idle; ++i) must(idle_.emplace_back(service.client()).begin(""));
  must(slow_.begin("POST /api/v1/studies"));
  for (const ServiceClient& stream : streams_) {
    pollfd answer{stream.fd(), POLLIN, 0};
    if (::poll(&answer, 1, kBeginMs) != 1) throw std::runtime_error("an event stream does not begin");
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void ServiceCrowd::run(const std::stop_token& stop) {
  auto next = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    read_streams();
    if (std::chrono::steady_clock::now() < next) continue;
    next += std::chrono::milliseconds(kTickMs);
    // Once the service has waited long enough, it says so and closes: from the beginning then.
    if (::send(slow_.fd(), "X", 1, MSG_NOSIGNAL) != 1) {
      slow_.close();
      if (!slow_.begin("POST /api/v1/studies")) return;
    }
  }
}

void ServiceCrowd::read_streams() {
  std::vector<pollfd> waited;
  for (const ServiceClient& stream : streams_) waited.push_back({stream.fd(), POLLIN, 0});
  if (::poll(waited.data(), waited.size(), kTickMs) <= 0) return;
  std::array<char, std::size_t{1} << 16> buffer;
  for (std::size_t i = 0; i < waited.size(); ++i) {
    if (waited[i].revents == 0) continue;
    const ssize_t got = ::recv(waited[i].fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0) {
      received_ += static_cast<std::uint64_t>(got);
    } else {
      streams_[i].close();  // poll passes over what is closed
      ++lost_;
    }
  }
}

}  // namespace krige::bench
