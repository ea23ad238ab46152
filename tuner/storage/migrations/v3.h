// Version 3: the order in which trials ended; when the records and the files of a trial were removed.
#pragma once

#include <array>
#include <string_view>

namespace krige::tuner {

inline constexpr std::array<std::string_view, 3> kMigrationV3{
    "ALTER TABLE trials ADD COLUMN end_number BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE trials ADD COLUMN records_removed_at BIGINT",
    "ALTER TABLE trials ADD COLUMN files_removed_at BIGINT",
};

}  // namespace krige::tuner
