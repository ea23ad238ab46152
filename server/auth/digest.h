// The three things of cryptography that signing in needs, by OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace krige::server {

// In lower-case hex, 64 digits.
[[nodiscard]] std::string sha256(std::string_view text);
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view text);

// Takes as long for a wrong first byte as for a wrong last one; the length is no secret.
[[nodiscard]] bool equal_secrets(std::string_view a, std::string_view b);

}  // namespace krige::server
