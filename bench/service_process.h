// `krige serve` over a folder, as its users run it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "bench/service_client.h"

namespace krige::bench {

// A new folder, which goes with it.
class ServiceFolder {
 public:
  explicit ServiceFolder(const std::string& parent);  // throws std::system_error
  ~ServiceFolder();
  ServiceFolder(const ServiceFolder&) = delete;
  ServiceFolder& operator=(const ServiceFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class ServiceProcess {
 public:
  // Returns once it serves. The `krige` beside this program; without tokens.
  static Result<std::unique_ptr<ServiceProcess>> start(const std::filesystem::path& folder);
  // Asks it to end, and waits.
  ~ServiceProcess();
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;

  [[nodiscard]] ServiceClient client() const { return {port_, ""}; }
  // `of`: VmRSS, VmHWM.
  [[nodiscard]] double megabytes(const std::string& of) const;
  // Of all its threads, until now.
  [[nodiscard]] double cpu_seconds() const;

 private:
  ServiceProcess(pid_t pid, int port) : pid_(pid), port_(port) {}
  pid_t pid_;
  int port_;
};

}  // namespace krige::bench
