#include "gp/instruction_set.h"

#include "base/instruction_set.h"

namespace krige::gp {

std::string_view instruction_set() { return kInstructionSet; }

}  // namespace krige::gp
