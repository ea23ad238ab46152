#include "trainer/instruction_set.h"

#include "base/instruction_set.h"

namespace krige::trainer {

std::string_view instruction_set() { return kInstructionSet; }

}  // namespace krige::trainer
