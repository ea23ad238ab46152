#include "base/ids.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace krige {

std::string random_id(std::size_t characters) {
  static constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::string id(characters, 'a');
  std::size_t filled = 0;
  while (filled < characters) {
    const ssize_t got = ::getrandom(id.data() + filled, characters - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) std::abort();  // a kernel without getrandom cannot run us
    filled += static_cast<std::size_t>(got);
  }
  for (char& letter : id) letter = kAlphabet[static_cast<unsigned char>(letter) & 31U];
  return id;
}

}  // namespace krige
