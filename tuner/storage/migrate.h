// Brings the schema of an SQL store to this program's version.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tuner/storage/sql_dialect.h"

namespace krige::tuner {

// The statements that lead from version n − 1 to version n; {keyed} stands for SqlDialect::keyed_table(). Never changed
// once released: tests/golden/storage keeps a store of each version.
using Migration = std::span<const std::string_view>;

// Version 1 first.
[[nodiscard]] std::span<const Migration> migrations();

// Applies what is missing, each in a transaction of its own, and notes it in the table schema_version. unsupported when
// the store's version is above `known`.size().
Status migrate(SqlDialect& dialect, std::span<const Migration> known, std::int64_t now_ms);

}  // namespace krige::tuner
