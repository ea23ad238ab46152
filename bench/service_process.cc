#include "bench/service_process.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

#include "base/fd.h"

namespace krige::bench {
namespace {

namespace fs = std::filesystem;

// The line in which the service says where it is; empty when it ended instead.
std::string first_line(int fd) {
  std::string line;
  for (char c = 0; line.find('\n') == std::string::npos && ::read(fd, &c, 1) == 1;) line += c;
  return line;
}

}  // namespace

ServiceFolder::ServiceFolder(const std::string& parent) {
  std::string name = parent + "/krige_service_XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), "cannot make a folder in " + parent);
  path_ = name;
}

ServiceFolder::~ServiceFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
}

Result<std::unique_ptr<ServiceProcess>> ServiceProcess::start(const fs::path& folder) {
  KRIGE_TRY(Pipe output, make_pipe());
  const std::string krige = fs::read_symlink("/proc/self/exe").parent_path() / "krige";
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "cannot fork");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(output.write.get(), STDOUT_FILENO);
    ::execl(krige.c_str(), "krige", "serve", "--listen", "127.0.0.1:0", "--data-dir", folder.c_str(), "--no-auth",
            nullptr);
    ::_exit(127);
  }
  output.write.reset();
  const std::string line = first_line(output.read.get());
  constexpr std::string_view kAddress = "http://127.0.0.1:";
  const auto at = line.find(kAddress);
  std::unique_ptr<ServiceProcess> service(
      new ServiceProcess(pid, at == std::string::npos ? 0 : std::atoi(line.c_str() + at + kAddress.size())));
  if (service->port_ == 0) return fail(ErrorCode::process_failed, krige + " serve did not start");
  return service;
}

ServiceProcess::~ServiceProcess() {
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

double ServiceProcess::megabytes(const std::string& of) const {
  std::ifstream status(fmt::format("/proc/{}/status", pid_));
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(of + ":")) return std::stod(line.substr(of.size() + 1)) / 1024;
  return 0;
}

double ServiceProcess::cpu_seconds() const {
  std::ifstream file(fmt::format("/proc/{}/stat", pid_));
  std::string text;
  std::getline(file, text);
  std::istringstream fields(text.substr(text.rfind(')') + 2));  // the name before may hold anything
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;  // proc(5): utime and stime are the 14th and 15th
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace krige::bench
