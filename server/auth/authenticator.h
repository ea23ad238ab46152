// From what a request shows to who sent it: `Authorization: Bearer TOKEN`, or the cookie of a browser that signed in.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "server/auth/token_store.h"
#include "server/http/message.h"

namespace krige::server {

// Thread-safe.
class Authenticator {
 public:
  // `port` is in the cookie's name, because cookies of one host are shared by its ports; `secure`: the page comes over
  // TLS, and the cookie may go no other way.
  static Result<std::unique_ptr<Authenticator>> open(std::filesystem::path data_dir, int port, bool secure,
                                                     const Clock& clock = system_clock());

  // Without a role when it shows nothing, or what is not (or no longer) known.
  [[nodiscard]] Caller identify(const Request& request);

  // For a browser that shows a token; nullopt when the token is not known.
  struct SignedIn {
    Caller caller;
    std::string set_cookie;  // the header's value
  };
  [[nodiscard]] std::optional<SignedIn> sign_in(std::string_view token);
  // The same for the code of the address that was printed: it works once.
  [[nodiscard]] std::optional<SignedIn> redeem(std::string_view code);
  // The value of Set-Cookie that takes the cookie away.
  [[nodiscard]] std::string sign_out() const;

  // A code for redeem(), as the local token's owner. Takes the place of the one before.
  [[nodiscard]] std::string new_login_code();

 private:
  Authenticator(std::filesystem::path data_dir, int port, bool secure, const Clock& clock, const std::string& local);

  // What names a version of the list: it is replaced by renaming.
  struct Version {
    ino_t inode = 0;
    timespec changed{};
    bool operator==(const Version& other) const {
      return inode == other.inode && changed.tv_sec == other.changed.tv_sec && changed.tv_nsec == other.changed.tv_nsec;
    }
  };

  // Reads the list again when it has changed; a list that cannot be read lets nobody in.
  void refresh();
  [[nodiscard]] std::optional<TokenEntry> find(const std::function<bool(const TokenEntry&)>& wanted);
  [[nodiscard]] std::optional<TokenEntry> holder_of(std::string_view token);
  [[nodiscard]] std::optional<TokenEntry> holder_of_cookie(std::string_view cookie);
  [[nodiscard]] std::string signature(const TokenEntry& token, std::string_view expiry) const;
  [[nodiscard]] SignedIn signed_in(const TokenEntry& token) const;

  const std::filesystem::path data_dir_;
  const std::string cookie_name_;
  const std::string cookie_attributes_;
  const Clock& clock_;
  const std::string session_key_;
  const TokenEntry local_;

  std::mutex mutex_;
  std::optional<Version> version_;  // that was read
  std::optional<Version> unread_;   // that could not be, which the log was told
  std::vector<TokenEntry> tokens_;  // of the file
  std::string login_code_;          // its hash; empty: none
};

}  // namespace krige::server
