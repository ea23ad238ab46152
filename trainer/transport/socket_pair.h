// Connected sockets, made by the coordinator and inherited by its members: nothing has a name, so nothing can be left
// behind, found by another process, or taken by another job.
#pragma once

#include "base/fd.h"

namespace krige::trainer {

// shared_memory: Unix sockets, and the numbers in shared memory (shared_slots.h).
enum class Transport { shared_memory, unix_sockets, tcp };

struct SocketPair {
  UniqueFd first;
  UniqueFd second;
};

// io: no more descriptors. tcp connects over the loopback; a stranger that connects in between is turned away.
[[nodiscard]] Result<SocketPair> make_socket_pair(Transport transport);

}  // namespace krige::trainer
