// Who asks, and what they may.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace krige::server {

// Each may what those before it may.
enum class Role {
  viewer,     // reads
  operator_,  // creates and changes studies, gives and takes trials
  admin,      // deletes studies, reads the audit log
};

inline constexpr std::array<std::string_view, 3> kRoleNames{"viewer", "operator", "admin"};

[[nodiscard]] constexpr std::string_view name(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

[[nodiscard]] constexpr std::optional<Role> role_named(std::string_view text) {
  for (std::size_t i = 0; i < kRoleNames.size(); ++i)
    if (kRoleNames[i] == text) return static_cast<Role>(i);
  return std::nullopt;
}

// Who sent a request.
struct Caller {
  std::string name;          // of the token; "anonymous" when nobody is asked
  std::optional<Role> role;  // none: not signed in
};

}  // namespace krige::server
