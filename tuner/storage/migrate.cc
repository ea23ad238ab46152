#include "tuner/storage/migrate.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <array>
#include <string>

#include "tuner/storage/migrations/v1.h"
#include "tuner/storage/migrations/v2.h"
#include "tuner/storage/migrations/v3.h"

namespace krige::tuner {
namespace {

constexpr std::array<Migration, 3> kMigrations{kMigrationV1, kMigrationV2, kMigrationV3};

void apply(SqlDialect& dialect, Migration migration, long long version, long long now_ms) {
  soci::session& session = dialect.session();
  soci::transaction transaction(session);  // rolls back unless committed
  for (const std::string_view statement : migration)
    session << fmt::format(fmt::runtime(statement), fmt::arg("keyed", dialect.keyed_table()));
  session << "INSERT INTO schema_version (version, applied_at) VALUES (:version, :applied_at)", soci::use(version),
      soci::use(now_ms);
  transaction.commit();
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

Status migrate(SqlDialect& dialect, std::span<const Migration> known, std::int64_t now_ms) {
  try {
    soci::session& session = dialect.session();
    session << "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)";
    long long version = 0;
    session << "SELECT coalesce(max(version), 0) FROM schema_version", soci::into(version);
    const auto newest = static_cast<long long>(known.size());
    if (version > newest)
      return fail(ErrorCode::unsupported,
                  fmt::format("store {} has version {}, written by a newer Krige; this one knows versions up to {}",
                              dialect.store_name(), version, newest));
    for (; version < newest; ++version) apply(dialect, known[static_cast<std::size_t>(version)], version + 1, now_ms);
    return {};
  } catch (const std::exception& e) {
    return fail(dialect.explain(e));
  }
}

}  // namespace krige::tuner
