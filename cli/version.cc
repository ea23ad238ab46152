#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "cli/workplace.h"
#include "gp/instruction_set.h"

namespace krige::cli {

// Results are the same for one build and instruction set (docs/architecture.md), so it says which it has.
std::string version_line() {
  return fmt::format("krige {} ({}, g++ {})", KRIGE_VERSION, gp::instruction_set(), __VERSION__);
}

int version(const VersionOptions& options) {
  print_line(version_line());
  return options.verbose ? become_trainer({"--version"}) : 0;
}

}  // namespace krige::cli
