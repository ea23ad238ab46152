// Version 2: answers that are kept under the key of their request; several objectives and outcome constraints.
#pragma once

#include <array>
#include <string_view>

namespace krige::tuner {

inline constexpr std::array<std::string_view, 3> kMigrationV2{
    R"(CREATE TABLE answers (
         key TEXT NOT NULL PRIMARY KEY,
         request TEXT NOT NULL,            -- tells whether another request comes under the same key
         answer TEXT NOT NULL,
         time BIGINT NOT NULL))",
    "CREATE INDEX answers_by_time ON answers (time)",
    // JSON: {"values": {name: number}, "constraints": {name: {"value", "feasible"}}}, of which either may be absent.
    "ALTER TABLE trials ADD COLUMN outcome TEXT NOT NULL DEFAULT '{{}}'",
};

}  // namespace krige::tuner
