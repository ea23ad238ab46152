// SQLite as the database of the SQL store.
#pragma once

#include <exception>
#include <memory>
#include <string>

#include "base/error.h"
#include "tuner/storage/sql_dialect.h"

namespace krige::tuner {

// In the file's header, so that a file of another program is never changed: "Krig".
inline constexpr int kSqliteApplicationId = 0x4B726967;

// What an exception of SOCI means; never the values that were bound.
[[nodiscard]] Error explain_sqlite(const std::exception& exception, const std::string& path);

// The file, locked for this process and made when absent (mode 0600), in WAL mode with synchronous=FULL; its schema is
// not looked at. Errors as open_sqlite_storage().
[[nodiscard]] Result<std::unique_ptr<SqlDialect>> open_sqlite_dialect(const std::string& path);

}  // namespace krige::tuner
