// Identities. An id is opaque outside the part that makes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace krige {

using StudyId = std::string;     // 16 characters of a–z and 2–7, random
using TrialId = std::int64_t;    // 1, 2, … in its study
using AttemptId = std::int32_t;  // 1, 2, … in its trial

// `characters` letters of a–z2–7 from the kernel's generator: 5 bits each. 16 name a study, 32 are a fencing token.
[[nodiscard]] std::string random_id(std::size_t characters);

}  // namespace krige
