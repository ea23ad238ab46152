// Connected sockets, made by the coordinator and inherited by its members: nothing has a name, so nothing can be left
// behind, found by another process, or taken by another job.
#pragma once

#include "base/fd.h"

namespace krige::trainer {

enum class Transport { unix_sockets, tcp };

struct SocketPair {
  UniqueFd first;
  UniqueFd second;
};

// io: no more descriptors. tcp connects over the loopback; a stranger that connects in between is turned away.
[[nodiscard]] Result<SocketPair> make_socket_pair(Transport transport);

}  // namespace krige::trainer
