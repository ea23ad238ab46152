// A copy of an SQLite store, also while a server uses it.
#pragma once

#include <string>

#include "base/error.h"

namespace krige::tuner {

// What is in the store at one moment, as a store of its own, which a server can be started on. Writers go on meanwhile.
// The copy has its name once it is whole, checked and on the disk. Errors: not_found, already_exists (`to` is never
// overwritten), unsupported (`from` is no store of Krige), corrupt, io.
[[nodiscard]] Status back_up_sqlite_store(const std::string& from, const std::string& to);

}  // namespace krige::tuner
