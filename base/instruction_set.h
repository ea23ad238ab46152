// The instruction set that a source is compiled for. Results of a computation are the same for one build and one of
// these.
#pragma once

#include <string_view>

namespace krige {

// Internal linkage is the point: libraries of one program may differ in it.
#if defined(__AVX512F__)
constexpr std::string_view kInstructionSet = "x86-64-v4 (AVX-512)";
#elif defined(__AVX2__)
constexpr std::string_view kInstructionSet = "x86-64-v3 (AVX2)";
#elif defined(__x86_64__)
constexpr std::string_view kInstructionSet = "x86-64";
#else
constexpr std::string_view kInstructionSet = "generic";
#endif

}  // namespace krige
