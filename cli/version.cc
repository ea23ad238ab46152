#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/terminal.h"

namespace krige::cli {
namespace {

// Results are the same for one build and instruction set (docs/architecture.md), so the build says which it has.
constexpr const char* instruction_set() {
#if defined(__AVX512F__)
  return "x86-64-v4 (AVX-512)";
#elif defined(__AVX2__)
  return "x86-64-v3 (AVX2)";
#elif defined(__x86_64__)
  return "x86-64";
#else
  return "generic";
#endif
}

}  // namespace

int version() {
  print_line(fmt::format("krige {} ({}, g++ {})", KRIGE_VERSION, instruction_set(), __VERSION__));
  return 0;
}

}  // namespace krige::cli
