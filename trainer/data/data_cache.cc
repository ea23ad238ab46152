#include "trainer/data/data_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "trainer/data/byte_source.h"

namespace krige::trainer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormatVersion = "1";
constexpr std::string_view kUnfinished = ".tmp";
constexpr Millis kLockInterval{3};
// The kernel's clock of files ticks every few milliseconds: a file as young as this may change without a visible mark.
constexpr std::chrono::seconds kYoung{2};

std::string hex128(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

bool is_key(const std::string& name) {
  return name.size() == 32 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string options_text(const TableRequest& request) {
  const TrainData& data = *request.data;
  OrderedJson json{{"version", kFormatVersion},
                   {"format", data.format},
                   {"on_error", data.on_error},
                   {"missing", data.missing},
                   {"categorical", data.categorical},
                   {"hash_bits", data.hash_bits},
                   {"categorical_columns", data.categorical_columns},
                   {"ignore_columns", data.ignore_columns},
                   {"header", data.header ? static_cast<int>(*data.header) : -1},
                   {"kind", request.label},
                   {"like", request.like == nullptr ? "" : hex128(to_text(*request.like))}};
  std::visit([&](const auto& label) { json["label"] = label; }, data.label);
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

Result<std::string> key_of(const TableRequest& request) {
  std::string text = options_text(request);
  KRIGE_TRY(const std::vector<std::string> files, source_files(request));
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(system_clock().wall_now().time_since_epoch());
  for (const std::string& file : files) {
    KRIGE_TRY(const FileIdentity id, identity_of(file));
    text += fmt::format("\n{} {} {} {} {}", id.device, id.inode, id.size, id.modified, id.changed);
    if (now - std::chrono::nanoseconds(std::max(id.modified, id.changed)) > kYoung) continue;
    KRIGE_TRY(const std::string content, content_hash_of(file));
    text += content;
  }
  return hex128(text);
}

// Held until it is destroyed, or its process ends.
class Lock {
 public:
  // nullopt: another process holds it.
  static Result<std::optional<Lock>> try_take(const std::string& path) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file) return fail_errno(errno, fmt::format("cannot create {}", path));
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return Lock(std::move(file));
    if (errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
    return fail_errno(errno, fmt::format("cannot lock {}", path));
  }

 private:
  explicit Lock(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};

std::uint64_t size_of_folder(const std::string& folder) {
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(folder, error)) {
    const std::uint64_t size = file.file_size(error);
    if (!error) total += size;
  }
  return total;
}

class DataCache {
 public:
  DataCache(const CacheOptions& options, const Progress& progress) : options_(options), progress_(progress) {}

  // nullopt: the cache cannot serve, and a warning has said why.
  Result<std::optional<Table>> table(const TableRequest& request) {
    KRIGE_TRY(const std::string key, key_of(request));
    std::error_code error;
    fs::create_directories(options_.folder, error);
    if (auto found = find(key); found && *found) return *std::move(found);
    auto lock = wait_for_lock(key);
    if (!lock) return without_cache(lock.error());
    // While it waited, another process may have made it.
    auto found = find(key);
    if (found && *found) return *std::move(found);
    if (!found) log::warning(fmt::format("the data are converted anew: {}", found.error().describe()));
    auto made = make(key, request);
    if (!made && made.error().code == ErrorCode::io) return without_cache(made.error());
    if (made) hold_to_quota(key);
    return made;
  }

 private:
  [[nodiscard]] std::string path(const std::string& name) const { return options_.folder + "/" + name; }
  // A fixed number of files for all keys: one that is removed could still be waited for.
  [[nodiscard]] std::string lock_path(const std::string& key) const { return path("lock." + key.substr(0, 2)); }

  static std::nullopt_t without_cache(const Error& error) {
    log::warning(fmt::format("the data cache cannot be used: {}", error.describe()));
    return std::nullopt;
  }

  // nullopt: there is none. corrupt, io: it is damaged.
  Result<std::optional<Table>> find(const std::string& key) {
    const std::string folder = path(key);
    std::error_code error;
    if (!fs::exists(folder, error)) return std::nullopt;
    KRIGE_TRY(Table table, Table::open(folder, progress_));
    // Its time of change says when it was used last.
    ::utimensat(AT_FDCWD, (folder + "/meta").c_str(), nullptr, 0);
    return table;
  }

  Result<Lock> wait_for_lock(const std::string& key) {
    std::uint64_t seen_bytes = 0;
    MonotonicTime last_sign = system_clock().now();
    while (true) {
      KRIGE_TRY(std::optional<Lock> lock, Lock::try_take(lock_path(key)));
      if (lock) return *std::move(lock);
      progress_();
      const std::uint64_t bytes = size_of_folder(path(key) + std::string(kUnfinished));
      const MonotonicTime now = system_clock().now();
      if (bytes != seen_bytes) last_sign = now;
      seen_bytes = bytes;
      if (now - last_sign > options_.patience)
        return fail(ErrorCode::timeout, fmt::format("{} is held by a process that does not go on", lock_path(key)));
      std::this_thread::sleep_for(kLockInterval);
    }
  }

  // With the lock held.
  Result<Table> make(const std::string& key, const TableRequest& request) {
    const std::string folder = path(key);
    const std::string unfinished = folder + std::string(kUnfinished);
    std::error_code error;
    fs::remove_all(unfinished, error);
    fs::remove_all(folder, error);  // damaged
    if (!fs::create_directory(unfinished, error))
      return fail(ErrorCode::io, fmt::format("cannot create {}: {}", unfinished, error.message()));
    KRIGE_TRY(TableWriter writer, TableWriter::create(unfinished));
    Result<Table> table = convert(request, std::move(writer), progress_);
    if (table) {
      fs::rename(unfinished, folder, error);
      if (!error) return table;
      table = fail(ErrorCode::io, fmt::format("cannot rename {}: {}", unfinished, error.message()));
    }
    fs::remove_all(unfinished, error);
    return table;
  }

  void hold_to_quota(const std::string& newest) {
    struct Entry {
      fs::file_time_type used;
      std::string key;
      std::uint64_t bytes;
    };
    std::vector<Entry> entries;
    std::uint64_t total = 0;
    std::error_code error;
    for (const auto& item : fs::directory_iterator(options_.folder, error)) {
      const std::string name = item.path().filename().string();
      if (name.ends_with(kUnfinished)) remove_if_left(name);
      if (!is_key(name)) continue;
      entries.push_back({fs::last_write_time(item.path() / "meta", error), name, size_of_folder(item.path().string())});
      total += entries.back().bytes;
    }
    std::ranges::sort(entries, {}, &Entry::used);
    for (const Entry& entry : entries) {
      if (total <= options_.quota_bytes) return;
      if (entry.key == newest) continue;
      // A process that has it mapped keeps what it has. Renamed first, so that nobody finds the half of it.
      const std::string removed = path(entry.key + std::string(kUnfinished));
      fs::rename(path(entry.key), removed, error);
      fs::remove_all(removed, error);
      total -= entry.bytes;
    }
  }

  // What a process left that was killed while it converted.
  void remove_if_left(const std::string& name) {
    const std::string key = name.substr(0, name.size() - kUnfinished.size());
    if (!is_key(key)) return;
    const auto lock = Lock::try_take(lock_path(key));
    std::error_code error;
    if (lock && *lock) fs::remove_all(path(name), error);
  }

  const CacheOptions& options_;
  const Progress& progress_;
};

}  // namespace

CacheOptions cache_options_from_environment() {
  CacheOptions options;
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (std::string folder = variable("KRIGE_CACHE_DIR"); !folder.empty())
    options.folder = std::move(folder);
  else if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty())
    options.folder = cache + "/krige";
  else if (const std::string home = variable("HOME"); !home.empty())
    options.folder = home + "/.cache/krige";
  if (const std::string quota = variable("KRIGE_CACHE_QUOTA"); !quota.empty()) {
    std::uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(quota.data(), quota.data() + quota.size(), bytes);
    if (error == std::errc() && end == quota.data() + quota.size())
      options.quota_bytes = bytes;
    else
      log::warning(fmt::format("KRIGE_CACHE_QUOTA is not a number of bytes: {}", quota));
  }
  return options;
}

Result<Table> cached_table(const TableRequest& request, const CacheOptions& cache, const Progress& progress) {
  if (!cache.folder.empty()) {
    KRIGE_TRY(std::optional<Table> table, DataCache(cache, progress).table(request));
    if (table) return *std::move(table);
  } else {
    log::warning("there is no folder for the data cache: set KRIGE_CACHE_DIR");
  }
  KRIGE_TRY(TableWriter writer, TableWriter::create(std::nullopt));
  return convert(request, std::move(writer), progress);
}

}  // namespace krige::trainer
