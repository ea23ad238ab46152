// Version 2 of the schema: several objectives and outcome constraints.
#pragma once

#include <array>
#include <string_view>

namespace krige::tuner {

inline constexpr std::array<std::string_view, 1> kMigrationV2{
    // JSON: {"values": {name: number}, "constraints": {name: {"value", "feasible"}}}, of which either may be absent.
    "ALTER TABLE trials ADD COLUMN outcome TEXT NOT NULL DEFAULT '{{}}'",
};

}  // namespace krige::tuner
