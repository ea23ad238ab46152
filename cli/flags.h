// Flags are parsed in main.cc and the files of this header, and nowhere else.
#pragma once

#include <CLI/CLI.hpp>

namespace krige::cli {

// Adds `study` and `trial`; they set `code` to the exit code.
void add_remote_commands(CLI::App& app, int& code);

}  // namespace krige::cli
