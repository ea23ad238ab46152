// The supervisor: a small process between an executor and a program that it runs. It is the subreaper of all that
// descends from the program, so neither setsid nor a double fork leads out of its reach, and it ends all of it when
// the program ends, when it is asked to, or when the executor's process dies.
//
// Two descriptors join it to the executor. The lifeline: a StopRequest on it asks for the end; its end of file, which
// the kernel delivers however the executor dies, asks too. The status pipe: one SupervisorReport, written when nothing
// of the program is left. A supervisor that ends without a report was killed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

namespace krige {

struct SupervisorOptions {
  int lifeline = -1;
  int status = -1;  // -1: no report, only the exit code
  Millis grace{0};  // between SIGTERM and SIGKILL, when the lifeline ends and on SIGTERM
  Limits limits;
  std::string working_directory;  // empty: as it is
  std::vector<std::string> argv;  // argv[0] is found in PATH when it has no slash
};

// Records between processes of one build on one machine: host byte order, written by one write.
struct StopRequest {
  std::uint32_t grace_ms = 0;  // the earliest end of all requests counts
};

struct SupervisorReport {
  static constexpr std::uint32_t kMagic = 0x4b535652;
  enum class End : std::uint32_t { exited, signalled, no_process, no_directory, no_program };
  std::uint32_t magic = kMagic;
  End end = End::exited;
  std::int32_t value = 0;         // exit code, signal, or errno of what could not be done
  std::uint32_t was_stopped = 0;  // 1: the end was asked for before the program ended
  Limit limit = Limit::none;      // that the program was ended for
  std::uint32_t left = 0;         // processes that could not be killed (another user's, or stuck in the kernel)
};

// The command line of a supervisor, behind its program: "supervise", "--lifeline", … "--", argv.
[[nodiscard]] std::vector<std::string> supervisor_arguments(const SupervisorOptions& options);
[[nodiscard]] Result<SupervisorOptions> parse_supervisor_arguments(const std::vector<std::string>& arguments);

// Runs the program and returns its exit code (128 + signal; 126 or 127 when it did not start). To be called from a
// process that does nothing else: it takes over the process's signals, children and descriptors, of which only
// standard input, output and error (the program's), the lifeline and the status pipe stay open.
int supervise(const SupervisorOptions& options);

// The role `supervise` of a program: `arguments` is all behind the program's name. 2 for a wrong command line.
int supervisor_main(const std::vector<std::string>& arguments);

}  // namespace krige
