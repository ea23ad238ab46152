// Tokens of a data directory; a service that runs on it takes every change at once.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "cli/workplace.h"
#include "server/auth/token_store.h"

namespace krige::cli {

int token_create(const TokenOptions& options) {
  const auto folder = data_folder(options.data_dir);
  if (!folder) return report(folder.error());
  const std::optional<server::Role> role = server::role_named(options.role);
  if (!role)
    return report({ErrorCode::invalid_argument, "must be viewer, operator or admin, is " + options.role, "--role", {}});
  const Result<std::string> token = server::create_token(*folder, options.name, *role);
  if (!token) return report(token.error());
  print_line(options.json ? dump({{"name", options.name}, {"role", options.role}, {"token", *token}}) : *token);
  note(fmt::format("It is for the service of {}. This is the only time that the token is shown.", folder->string()));
  return 0;
}

int token_list(const TokenOptions& options) {
  const auto folder = existing_data_folder(options.data_dir);
  if (!folder) return report(folder.error());
  const Result<std::vector<server::TokenEntry>> tokens = server::read_tokens(*folder);
  if (!tokens) return report(tokens.error());
  OrderedJson list = OrderedJson::array();
  for (const server::TokenEntry& token : *tokens) {
    if (options.json)
      list.push_back({{"name", token.name}, {"role", name(token.role)}, {"created_at", token.created_at}});
    else
      print_line(fmt::format("{:<24}  {:<8}  {}", token.name, name(token.role), token.created_at));
  }
  if (options.json) print_line(dump({{"tokens", std::move(list)}}));
  return 0;
}

int token_revoke(const TokenOptions& options) {
  const auto folder = existing_data_folder(options.data_dir);
  if (!folder) return report(folder.error());
  if (const Status revoked = server::revoke_token(*folder, options.name); !revoked) return report(revoked.error());
  return 0;
}

}  // namespace krige::cli
