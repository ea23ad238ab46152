#include "server/auth/token_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ids.h"
#include "base/json.h"
#include "server/auth/digest.h"

namespace krige::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kSecretCharacters = 32;
constexpr std::size_t kMaxFileBytes = std::size_t{4} << 20;
// Tells scanners of secrets what they have found.
constexpr std::string_view kPrefix = "krige_";

fs::path list_of(const fs::path& data_dir) { return data_dir / "tokens.json"; }

std::string new_secret() { return std::string(kPrefix) + random_id(kSecretCharacters); }

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

// One change of the list at a time, among processes; held until the descriptor is closed.
Result<UniqueFd> lock_list(const fs::path& data_dir) {
  UniqueFd folder(::open(data_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return fail_errno(errno, fmt::format("cannot open {}", data_dir.string()));
  while (::flock(folder.get(), LOCK_EX) != 0)
    if (errno != EINTR) return fail_errno(errno, fmt::format("cannot lock {}", data_dir.string()));
  return folder;
}

Status write_tokens(const fs::path& data_dir, const std::vector<TokenEntry>& tokens) {
  OrderedJson list = OrderedJson::array();
  for (const TokenEntry& token : tokens)
    list.push_back(
        {{"name", token.name}, {"role", name(token.role)}, {"sha256", token.hash}, {"created_at", token.created_at}});
  const OrderedJson file{{"version", 1}, {"tokens", std::move(list)}};
  return write_file_atomically(list_of(data_dir).string(), file.dump(1) + "\n", 0600, FileOwner::owner_of_folder);
}

Result<std::vector<TokenEntry>> parse_tokens(const std::string& text) {
  KRIGE_TRY(const OrderedJson json, parse_json(text));
  Faults faults;
  ObjectReader file(json, "", faults);
  file.require("version");
  file.integer_in("version", 1, 1);  // another one is a fault
  std::vector<TokenEntry> tokens;
  const OrderedJson* list = file.raw("tokens");
  if (list == nullptr || !list->is_array()) {
    file.fault("tokens", "must be a list");
  } else {
    for (std::size_t i = 0; i < list->size(); ++i) {
      ObjectReader reader((*list)[i], fmt::format("tokens[{}]", i), faults);
      for (const char* key : {"name", "role", "sha256", "created_at"}) reader.require(key);
      TokenEntry token;
      token.name = reader.string("name").value_or("");
      token.role =
          role_named(reader.one_of("role", {kRoleNames.begin(), kRoleNames.end()}).value_or("")).value_or(Role::viewer);
      token.hash = reader.string("sha256").value_or("");
      token.created_at = reader.string("created_at").value_or("");
      reader.finish();
      tokens.push_back(std::move(token));
    }
  }
  file.finish();
  if (!faults.empty()) return fail(faults.error());
  return tokens;
}

}  // namespace

Result<std::string> local_token(const fs::path& data_dir) { return secret_of_file(data_dir / "token"); }

Result<std::string> secret_of_file(const fs::path& file) {
  const std::string path = file.string();
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) {
    if (errno != ENOENT) return fail_errno(errno, fmt::format("cannot look at {}", path));
    const std::string made = new_secret();
    KRIGE_CHECK(write_file_atomically(path, made + "\n", 0600, FileOwner::owner_of_folder));
    return made;
  }
  if (!S_ISREG(about.st_mode))
    return fail(ErrorCode::permission_denied, fmt::format("{} is no file: delete it, and a new one is made", path));
  if ((about.st_mode & 077U) != 0)
    return fail(ErrorCode::permission_denied,
                fmt::format("{} can be read by others, so it is no secret: delete it, and a new one is made", path));
  KRIGE_TRY(std::string token, read_file(path, kMaxFileBytes));
  token.erase(std::ranges::find_if(token, [](char c) { return c == '\n' || c == '\r'; }), token.end());
  if (token.size() < kSecretCharacters)
    return fail(ErrorCode::corrupt, fmt::format("{} holds no secret: delete it, and a new one is made", path));
  return token;
}

Result<std::vector<TokenEntry>> read_tokens(const fs::path& data_dir) {
  const std::string path = list_of(data_dir).string();
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::vector<TokenEntry>{};
  KRIGE_TRY(const std::string text, read_file(path, kMaxFileBytes));
  Result<std::vector<TokenEntry>> tokens = parse_tokens(text);
  if (!tokens) return fail(ErrorCode::corrupt, fmt::format("{}: {}", path, tokens.error().describe()));
  return tokens;
}

Result<std::string> create_token(const fs::path& data_dir, const std::string& name, Role role) {
  if (!is_name(name) || name == kLocalTokenName)
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("must be 1 to {} of a–z, 0–9, '.', '_' and '-', and not \"{}\"", kMaxNameBytes, kLocalTokenName),
        "name");
  KRIGE_TRY(const UniqueFd lock, lock_list(data_dir));
  KRIGE_TRY(std::vector<TokenEntry> tokens, read_tokens(data_dir));
  if (std::ranges::find(tokens, name, &TokenEntry::name) != tokens.end())
    return fail(ErrorCode::already_exists, fmt::format("there is a token {} already", name), "name");
  const std::string secret = new_secret();
  tokens.push_back({name, role, sha256(secret), to_rfc3339(system_clock().wall_now())});
  KRIGE_CHECK(write_tokens(data_dir, tokens));
  return secret;
}

Status revoke_token(const fs::path& data_dir, const std::string& name) {
  KRIGE_TRY(const UniqueFd lock, lock_list(data_dir));
  KRIGE_TRY(std::vector<TokenEntry> tokens, read_tokens(data_dir));
  if (std::erase_if(tokens, [&](const TokenEntry& token) { return token.name == name; }) == 0)
    return fail(ErrorCode::not_found, fmt::format("there is no token {}", name), "name");
  return write_tokens(data_dir, tokens);
}

}  // namespace krige::server
