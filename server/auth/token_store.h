// The tokens of a data directory. `token` (0600) holds the local one as it is, for the commands of this machine's user;
// `tokens.json` (0600) holds the hashes of those made by `krige token create`, who alone has seen them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "server/auth/role.h"

namespace krige::server {

struct TokenEntry {
  std::string name;  // unique; 1 to 64 of a–z, 0–9, '.', '_', '-'
  Role role = Role::viewer;
  std::string hash;  // SHA-256 of the token: 160 random bits need no slow hash
  std::string created_at;
};

inline constexpr std::string_view kLocalTokenName = "local";

// The local token, made when there is none. permission_denied: others may read the file, so it is no secret.
[[nodiscard]] Result<std::string> local_token(const std::filesystem::path& data_dir);

// The secret in a file, made when there is none; the same errors.
[[nodiscard]] Result<std::string> secret_of_file(const std::filesystem::path& file);

// In the order in which they were made.
[[nodiscard]] Result<std::vector<TokenEntry>> read_tokens(const std::filesystem::path& data_dir);
// The new token, which is kept nowhere. already_exists: the name is taken. Safe beside other processes.
[[nodiscard]] Result<std::string> create_token(const std::filesystem::path& data_dir, const std::string& name,
                                               Role role);
// not_found: there is none of that name. A running service notices with the next request.
[[nodiscard]] Status revoke_token(const std::filesystem::path& data_dir, const std::string& name);

}  // namespace krige::server
