// Version 1 of the schema. Times are milliseconds since 1970 UTC, states the names of CONTRACT, DOUBLE PRECISION is 64
// bits in SQLite and in PostgreSQL.
#pragma once

#include <array>
#include <string_view>

namespace krige::tuner {

inline constexpr std::array<std::string_view, 6> kMigrationV1{
    "CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) {keyed}",

    R"(CREATE TABLE studies (
         id TEXT NOT NULL PRIMARY KEY,
         ordinal BIGINT NOT NULL UNIQUE,   -- order of creation
         name TEXT NOT NULL,
         state TEXT NOT NULL,
         state_reason TEXT NOT NULL,
         seq BIGINT NOT NULL,              -- of its last event
         epoch BIGINT NOT NULL,            -- of the runner that may change it
         active_ms BIGINT NOT NULL,
         created_at BIGINT NOT NULL,
         ended_at BIGINT,
         spec TEXT NOT NULL))",

    R"(CREATE TABLE trials (
         study TEXT NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
         trial BIGINT NOT NULL,
         state TEXT NOT NULL,
         reason TEXT NOT NULL,
         params TEXT NOT NULL,             -- JSON
         value DOUBLE PRECISION,
         value_sign INTEGER,               -- -1, 1 or NULL; SQLite keeps no NaN and no sign of a zero
         suggestion TEXT NOT NULL,         -- JSON
         created_at BIGINT NOT NULL,
         ended_at BIGINT,
         PRIMARY KEY (study, trial)) {keyed})",

    R"(CREATE TABLE attempts (
         study TEXT NOT NULL,
         trial BIGINT NOT NULL,
         attempt BIGINT NOT NULL,
         token TEXT NOT NULL,
         state TEXT NOT NULL,
         worker TEXT NOT NULL,
         reason TEXT NOT NULL,
         started_at BIGINT NOT NULL,
         ended_at BIGINT,
         PRIMARY KEY (study, trial, attempt),
         FOREIGN KEY (study, trial) REFERENCES trials (study, trial) ON DELETE CASCADE) {keyed})",

    R"(CREATE TABLE records (
         study TEXT NOT NULL,
         trial BIGINT NOT NULL,
         attempt BIGINT NOT NULL,
         step BIGINT NOT NULL,
         metrics TEXT NOT NULL,            -- JSON
         PRIMARY KEY (study, trial, attempt, step),
         FOREIGN KEY (study, trial) REFERENCES trials (study, trial) ON DELETE CASCADE) {keyed})",

    // With a row number of its own: an event carries a whole trial, too long for the nodes of a key's tree.
    R"(CREATE TABLE events (
         study TEXT NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
         seq BIGINT NOT NULL,
         type TEXT NOT NULL,
         time BIGINT NOT NULL,
         data TEXT NOT NULL,
         PRIMARY KEY (study, seq)))",
};

}  // namespace krige::tuner
