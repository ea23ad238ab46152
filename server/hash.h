// A name for bytes: not a secret, and nobody gains by two of one name.
#pragma once

#include <cstdint>
#include <string_view>

namespace krige::server {

// FNV-1a (Fowler, Noll, Vo), 64 bits.
[[nodiscard]] constexpr std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

}  // namespace krige::server
