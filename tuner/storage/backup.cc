#include "tuner/storage/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/fd.h"
#include "tuner/storage/sqlite_dialect.h"

namespace krige::tuner {
namespace {

namespace fs = std::filesystem;

Status sync(const std::string& path, int flags) {
  const UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return fail_errno(errno, "cannot write " + path);
  return {};
}

template <typename T>
T ask(soci::session& session, const std::string& query) {
  T answer{};
  session << query, soci::into(answer);
  return answer;
}

// VACUUM INTO reads within one transaction and so sees one moment; in WAL mode it keeps nobody from writing.
Status copy(const std::string& from, const std::string& to) {
  soci::session source(soci::sqlite3, fmt::format("dbname=\"{}\"", from));
  source << "PRAGMA busy_timeout = 5000";
  if (ask<int>(source, "PRAGMA application_id") != kSqliteApplicationId)
    return fail(ErrorCode::unsupported, fmt::format("{} is not a store of Krige", from));
  source << "VACUUM INTO :to", soci::use(to);
  soci::session copied(soci::sqlite3, fmt::format("dbname=\"{}\"", to));
  const auto found = ask<std::string>(copied, "PRAGMA integrity_check");
  if (found != "ok") return fail(ErrorCode::corrupt, fmt::format("the copy of {} is not whole: {}", from, found));
  return {};
}

// Gives the file its name, unless somebody has made one of that name meanwhile.
Status publish(const std::string& part, const std::string& to) {
  KRIGE_CHECK(sync(part, O_RDWR));
  if (::link(part.c_str(), to.c_str()) != 0) {
    if (errno == EEXIST) return fail(ErrorCode::already_exists, fmt::format("{} exists already", to));
    return fail_errno(errno, "cannot make " + to);
  }
  const fs::path folder = fs::path(to).parent_path();
  return sync(folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY);
}

}  // namespace

Status back_up_sqlite_store(const std::string& from, const std::string& to) {
  for (const std::string& path : {from, to})
    if (path.empty() || path.find('"') != std::string::npos)
      return fail(ErrorCode::invalid_argument, fmt::format("the path is empty or holds a quotation mark: {}", path));
  std::error_code error;
  if (!fs::is_regular_file(from, error)) return fail(ErrorCode::not_found, fmt::format("there is no store {}", from));
  if (fs::exists(to, error)) return fail(ErrorCode::already_exists, fmt::format("{} exists already", to));
  // Made here, empty, for its mode: SQLite fills an empty file as it would a new one.
  std::string part = to + ".XXXXXX";
  if (!UniqueFd(::mkostemp(part.data(), O_CLOEXEC))) return fail_errno(errno, "cannot make a file beside " + to);
  Status done;
  try {
    done = copy(from, part);
    if (done) done = publish(part, to);
  } catch (const std::exception& e) {
    done = fail(explain_sqlite(e, from));
  }
  ::unlink(part.c_str());
  return done;
}

}  // namespace krige::tuner
