#include "server/auth/authenticator.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/ids.h"
#include "base/log.h"
#include "server/auth/digest.h"

namespace krige::server {
namespace {

constexpr std::chrono::seconds kSessionTime = std::chrono::hours(24 * 30);
constexpr std::size_t kCodeCharacters = 32;

std::optional<std::string_view> bearer_token(const Request& request) {
  constexpr std::string_view kScheme = "bearer ";
  const auto header = request.header("Authorization");
  if (!header || !equals_ignoring_case(header->substr(0, kScheme.size()), kScheme)) return std::nullopt;
  std::string_view token = header->substr(kScheme.size());
  while (token.starts_with(' ')) token.remove_prefix(1);
  return token;
}

std::optional<std::string_view> cookie_named(const Request& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (!equals_ignoring_case(key, "Cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(';'), rest.size());
      std::string_view pair = rest.substr(0, end);
      while (pair.starts_with(' ')) pair.remove_prefix(1);
      if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) return pair.substr(name.size() + 1);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return std::nullopt;
}

std::int64_t unix_seconds(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::seconds>(clock.wall_now().time_since_epoch()).count();
}

}  // namespace

Result<std::unique_ptr<Authenticator>> Authenticator::open(std::filesystem::path data_dir, int port, bool secure,
                                                           const Clock& clock) {
  KRIGE_TRY(const std::string local, local_token(data_dir));
  KRIGE_CHECK(read_tokens(data_dir));
  return std::unique_ptr<Authenticator>(new Authenticator(std::move(data_dir), port, secure, clock, local));
}

Authenticator::Authenticator(std::filesystem::path data_dir, int port, bool secure, const Clock& clock,
                             const std::string& local)
    : data_dir_(std::move(data_dir)),
      cookie_name_(fmt::format("krige_session_{}", port)),
      cookie_attributes_(fmt::format("; Path=/; HttpOnly; SameSite=Strict{}", secure ? "; Secure" : "")),
      clock_(clock),
      // Of the local token and not of the list: who reads the hashes can make no cookie of them.
      session_key_(hmac_sha256(local, "krige session")),
      local_{std::string(kLocalTokenName), Role::admin, sha256(local), {}} {}

Caller Authenticator::identify(const Request& request) {
  std::optional<TokenEntry> holder;
  // A token that is shown counts, and not the cookie beside it.
  if (const auto token = bearer_token(request))
    holder = holder_of(*token);
  else if (const auto cookie = cookie_named(request, cookie_name_))
    holder = holder_of_cookie(*cookie);
  if (!holder) return {"anonymous", std::nullopt};
  return {holder->name, holder->role};
}

std::optional<Authenticator::SignedIn> Authenticator::sign_in(std::string_view token) {
  const std::optional<TokenEntry> holder = holder_of(token);
  if (!holder) return std::nullopt;
  return signed_in(*holder);
}

std::string Authenticator::new_login_code() {
  std::string code = random_id(kCodeCharacters);
  const std::lock_guard lock(mutex_);
  login_code_ = sha256(code);
  return code;
}

std::optional<Authenticator::SignedIn> Authenticator::redeem(std::string_view code) {
  const std::string hash = sha256(code);
  const std::lock_guard lock(mutex_);
  if (login_code_.empty() || !equal_secrets(login_code_, hash)) return std::nullopt;
  login_code_.clear();
  return signed_in(local_);
}

std::string Authenticator::sign_out() const { return cookie_name_ + "=" + cookie_attributes_ + "; Max-Age=0"; }

void Authenticator::refresh() {
  struct stat about {};
  Version version;
  if (::stat((data_dir_ / "tokens.json").c_str(), &about) == 0) version = {about.st_ino, about.st_mtim};
  if (version_ == version) return;
  Result<std::vector<TokenEntry>> read = read_tokens(data_dir_);
  // It may have been for want of a descriptor, or of rights that are given back: the next request tries again.
  if (!read && unread_ != version) log::error("tokens are not accepted: " + read.error().describe());
  tokens_ = read ? std::move(*read) : std::vector<TokenEntry>{};
  (read ? version_ : unread_) = version;
  (read ? unread_ : version_).reset();
}

std::optional<TokenEntry> Authenticator::find(const std::function<bool(const TokenEntry&)>& wanted) {
  if (wanted(local_)) return local_;
  const std::lock_guard lock(mutex_);
  refresh();
  const auto found = std::ranges::find_if(tokens_, wanted);
  if (found == tokens_.end()) return std::nullopt;
  return *found;
}

std::optional<TokenEntry> Authenticator::holder_of(std::string_view token) {
  const std::string hash = sha256(token);
  return find([&](const TokenEntry& entry) { return equal_secrets(entry.hash, hash); });
}

// name.expiry.signature: the server keeps nothing, so that a restart signs nobody out and nothing fills up.
std::optional<TokenEntry> Authenticator::holder_of_cookie(std::string_view cookie) {
  const auto last = cookie.rfind('.');
  const auto middle = last == std::string_view::npos || last == 0 ? last : cookie.rfind('.', last - 1);
  if (middle == std::string_view::npos || middle == last) return std::nullopt;
  const std::string_view name = cookie.substr(0, middle);
  const std::string_view expiry = cookie.substr(middle + 1, last - middle - 1);
  std::int64_t end = 0;
  const auto [parsed, error] = std::from_chars(expiry.data(), expiry.data() + expiry.size(), end);
  if (error != std::errc{} || parsed != expiry.data() + expiry.size() || end <= unix_seconds(clock_))
    return std::nullopt;
  const std::optional<TokenEntry> holder = find([&](const TokenEntry& entry) { return entry.name == name; });
  if (!holder || !equal_secrets(cookie.substr(last + 1), signature(*holder, expiry))) return std::nullopt;
  return holder;
}

// Over the token's hash too: a new token of an old name does not bring the old one's cookies back.
std::string Authenticator::signature(const TokenEntry& token, std::string_view expiry) const {
  return hmac_sha256(session_key_, fmt::format("{}.{}.{}", token.name, token.hash, expiry));
}

Authenticator::SignedIn Authenticator::signed_in(const TokenEntry& token) const {
  const std::string expiry = std::to_string(unix_seconds(clock_) + kSessionTime.count());
  return {{token.name, token.role},
          fmt::format("{}={}.{}.{}{}; Max-Age={}", cookie_name_, token.name, expiry, signature(token, expiry),
                      cookie_attributes_, kSessionTime.count())};
}

}  // namespace krige::server
