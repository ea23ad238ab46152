#include "tuner/storage/sqlite_dialect.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/fd.h"
#include "tuner/storage/sql_storage.h"
#include "tuner/storage/storage.h"
#include "tuner/storage/store_lock.h"

namespace krige::tuner {
namespace {

ErrorCode code_of(int result) {
  switch (result & 0xff) {  // the rest is the extended code
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::corrupt;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
      return ErrorCode::io;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::unavailable;
    default:
      return ErrorCode::internal;
  }
}

std::string canonical_path(const std::string& path, std::error_code& ec) {
  const std::filesystem::path absolute = std::filesystem::absolute(path, ec);
  return ec ? std::string() : std::filesystem::weakly_canonical(absolute, ec).string();
}

class SqliteDialect final : public SqlDialect {
 public:
  SqliteDialect(std::string path, StoreLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  Status open() {
    try {
      session_.open(soci::sqlite3, fmt::format("dbname=\"{}\"", path_));
      KRIGE_CHECK(claim());
      session_ << "PRAGMA busy_timeout = 5000";  // milliseconds, for another program that looks into the file
      session_ << "PRAGMA foreign_keys = ON";
      session_ << "PRAGMA synchronous = FULL";
      std::string mode;
      session_ << "PRAGMA journal_mode = WAL", soci::into(mode);
      if (mode != "wal") return fail(ErrorCode::unsupported, fmt::format("{}: its file system has no WAL", path_));
      return {};
    } catch (const std::exception& e) {
      return fail(explain(e));
    }
  }

  [[nodiscard]] soci::session& session() override { return session_; }
  [[nodiscard]] const std::string& store_name() const override { return path_; }
  [[nodiscard]] std::string_view keyed_table() const override { return "WITHOUT ROWID"; }

  [[nodiscard]] Error explain(const std::exception& exception) const override {
    return explain_sqlite(exception, path_);
  }

 private:
  // Marks a new file as a Krige store, refuses a file of another program.
  Status claim() {
    int id = 0;
    session_ << "PRAGMA application_id", soci::into(id);
    if (id == kSqliteApplicationId) return {};
    int tables = 0;
    session_ << "SELECT count(*) FROM sqlite_master", soci::into(tables);
    if (id != 0 || tables != 0)
      return fail(ErrorCode::unsupported, fmt::format("{} is an SQLite file of another program", path_));
    session_ << fmt::format("PRAGMA application_id = {}", kSqliteApplicationId);
    return {};
  }

  std::string path_;
  StoreLock lock_;  // outlives the session, whose end still writes
  soci::session session_;
};

}  // namespace

Error explain_sqlite(const std::exception& exception, const std::string& path) {
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&exception);
  const auto* soci = dynamic_cast<const soci::soci_error*>(&exception);
  // what() of SOCI would add the bound values.
  const std::string text = soci != nullptr ? soci->get_error_message() : exception.what();
  return {sqlite != nullptr ? code_of(sqlite->result()) : ErrorCode::internal,
          fmt::format("store {}: {}", path, text),
          {},
          {}};
}

Result<std::unique_ptr<SqlDialect>> open_sqlite_dialect(const std::string& path) {
  if (path.empty()) return fail(ErrorCode::invalid_argument, "the path of the store is empty");
  // SOCI's connection string has no escape for it.
  if (path.find('"') != std::string::npos)
    return fail(ErrorCode::invalid_argument, fmt::format("the path of the store holds a quotation mark: {}", path));
  // Resolved, so that a symbolic link leads to the same lock; absolute, so that SQLite takes no name as special.
  std::error_code ec;
  const std::string file = canonical_path(path, ec);
  if (ec) return fail_errno(ec.value(), fmt::format("cannot resolve {}", path));
  KRIGE_TRY(StoreLock lock, StoreLock::acquire(file));
  // Opened here for the errno and the mode: SQLite would open a write-protected file for reading and fail later.
  if (!UniqueFd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)))
    return fail_errno(errno, fmt::format("cannot open {}", file));
  auto dialect = std::make_unique<SqliteDialect>(file, std::move(lock));
  KRIGE_CHECK(dialect->open());
  return dialect;
}

Result<std::unique_ptr<Storage>> open_sqlite_storage(const std::string& path) {
  KRIGE_TRY(std::unique_ptr<SqlDialect> dialect, open_sqlite_dialect(path));
  return open_sql_storage(std::move(dialect));
}

}  // namespace krige::tuner
