#include "trainer/coordinator/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace krige::trainer {

Result<Signals> Signals::take() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGCHLD}) sigaddset(&set, signal);
  // A parent that ignores SIGCHLD hands that down, and the kernel would then tell nobody how a child ended.
  ::signal(SIGCHLD, SIG_DFL);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return fail_errno(errno, "cannot take signals");
  return Signals(std::move(fd));
}

Signals::Seen Signals::read() const {
  Seen seen;
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGCHLD)
      seen.child = true;
    else if (info.ssi_signo == SIGUSR1)
      seen.pause = true;
    else
      seen.stop = static_cast<int>(info.ssi_signo);
  }
  return seen;
}

}  // namespace krige::trainer
