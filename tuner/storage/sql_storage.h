// The store over SQL, whatever the database.
#pragma once

#include <memory>

#include "base/error.h"
#include "tuner/storage/sql_dialect.h"
#include "tuner/storage/storage.h"

namespace krige::tuner {

// Takes over the connection and migrates its schema. One connection under one mutex: a reader waits for the commit that
// is on its way, and never sees a part of it. Errors: unsupported when a newer version wrote the store, io, corrupt.
[[nodiscard]] Result<std::unique_ptr<Storage>> open_sql_storage(std::unique_ptr<SqlDialect> dialect);

}  // namespace krige::tuner
