// Those who only keep a service busy: browsers that follow a study, idle connections, a sender that never gets done.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "bench/service_client.h"
#include "bench/service_process.h"

namespace krige::bench {

class ServiceCrowd {
 public:
  struct Size {
    int streams = 256;
    int idle = 64;
  };
  // All are there when it returns: the streams of `study` have begun to answer. Throws std::runtime_error.
  ServiceCrowd(const ServiceProcess& service, const std::string& study, Size size);
  // Ends its thread, then its connections.
  ~ServiceCrowd() = default;
  ServiceCrowd(const ServiceCrowd&) = delete;
  ServiceCrowd& operator=(const ServiceCrowd&) = delete;

  // What all streams together were sent, until now.
  [[nodiscard]] std::uint64_t received_bytes() const { return received_; }
  // Streams that the service has ended.
  [[nodiscard]] int lost_streams() const { return lost_; }

 private:
  void run(const std::stop_token& stop);
  void read_streams();

  std::vector<ServiceClient> streams_;
  std::vector<ServiceClient> idle_;
  ServiceClient slow_;
  std::atomic<std::uint64_t> received_ = 0;
  std::atomic<int> lost_ = 0;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace krige::bench
