// Manual pages and shell completion out of the same texts as --help.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace krige::cli {

// One page, in the language of man(7), for all commands of `app`.
[[nodiscard]] std::string manual_page(const CLI::App& app, const std::string& version);
// What an option takes, in a word: FILE, N; empty for a flag.
[[nodiscard]] std::string type_word(const CLI::Option& option);
// A script for the shell (bash, zsh or fish): commands, their options, files for what is left.
[[nodiscard]] std::string completion(const CLI::App& app, std::string_view shell);

}  // namespace krige::cli
