// What differs between the databases behind the SQL store.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "base/error.h"

namespace soci {
class session;
}

namespace krige::tuner {

// An open connection, and whatever keeps other processes away from the store while it lives. Not thread-safe: its owner
// serializes.
class SqlDialect {
 public:
  virtual ~SqlDialect() = default;

  [[nodiscard]] virtual soci::session& session() = 0;
  // For messages: the path or the address.
  [[nodiscard]] virtual const std::string& store_name() const = 0;
  // Behind CREATE TABLE (…) of a table of short rows that are only found by their primary key.
  [[nodiscard]] virtual std::string_view keyed_table() const = 0;
  // What an exception of a call on the session means. Never the values that were bound: tokens are among them.
  [[nodiscard]] virtual Error explain(const std::exception& exception) const = 0;
};

}  // namespace krige::tuner
