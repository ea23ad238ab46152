#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <iostream>

#include "tests/tuner/storage/conformance.h"
#include "tuner/storage/sqlite_dialect.h"

namespace krige::tuner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

INSTANTIATE_TEST_SUITE_P(Sqlite, StorageConformance,
                         testing::Values(StorageKind{
                             "sqlite",
                             [](const TemporaryFolder& f) { return open_sqlite_storage(f.file("krige.db")); }}),
                         [](const auto& kind) { return kind.param.name; });

class SqliteStorageTest : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Storage> open() const { return open_sqlite_storage(path_).value(); }
  [[nodiscard]] std::string ask(const std::string& query) const {
    std::string answer;
    open_sqlite_dialect(path_).value()->session() << query, soci::into(answer);
    return answer;
  }
  TemporaryFolder folder_;
  std::string path_ = folder_.file("krige.db");
};

void expect_refused(const std::string& path, ErrorCode code, const std::string& part) {
  const Result<std::unique_ptr<Storage>> refused = open_sqlite_storage(path);
  ASSERT_FALSE(refused) << path;
  EXPECT_EQ(refused.error().code, code) << refused.error().describe();
  EXPECT_THAT(refused.error().message, HasSubstr(part));
}

TEST_F(SqliteStorageTest, ReopeningKeepsEverything) {
  std::string id;
  std::vector<StudyRow> rows;
  std::vector<Event> events;
  {
    const std::unique_ptr<Storage> store = open();
    id = store->store_id();
    ASSERT_TRUE(store->create_study(study_row("s1"), {{"STUDY_CREATED", "{}"}}));
    ASSERT_TRUE(store->create_study(study_row("s2"), {}));
    ASSERT_TRUE(store->take_over("s1"));
    ASSERT_TRUE(store->commit(change_of("s1", 2, 1)));
    rows = store->studies().value();
    events = store->events("s1", 0, 10).value();
  }
  const std::unique_ptr<Storage> store = open();
  EXPECT_EQ(store->store_id(), id);
  EXPECT_EQ(store->studies().value(), rows);
  EXPECT_EQ(store->events("s1", 0, 10).value(), events);
  EXPECT_THAT(store->trials("s1").value(), ElementsAre(full_trial(1)));
  EXPECT_THAT(store->records("s1", 1).value(), ElementsAre(record(1, 1, 1, 0.5)));
  EXPECT_EQ(store->commit(change_of("s1", 2, 2)).value(), 3U);
}

TEST_F(SqliteStorageTest, IsDurableAndPrivate) {
  const mode_t before = ::umask(0);
  { const std::unique_ptr<Storage> store = open(); }
  ::umask(before);
  EXPECT_EQ(ask("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(ask("PRAGMA synchronous"), "2") << "FULL";
  EXPECT_EQ(ask("PRAGMA foreign_keys"), "1");
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U) << "it holds the tokens of attempts";
}

TEST_F(SqliteStorageTest, ASecondOpenerIsRefusedUntilTheFirstEnds) {
  Child owner([&](int out, int until_closed) {
    const Result<std::unique_ptr<Storage>> store = open_sqlite_storage(path_);
    const bool created = store && (*store)->create_study(study_row("s1"), {});
    write_number(out, created ? 1 : 0);
    wait_until_closed(until_closed);
  });
  ASSERT_EQ(owner.read_number(), 1U);
  expect_refused(path_, ErrorCode::conflict, fmt::format("is in use by process {}", owner.pid()));
  std::filesystem::create_symlink(path_, folder_.file("link.db"));
  expect_refused(folder_.file("link.db"), ErrorCode::conflict, fmt::format("process {}", owner.pid()));
  owner.kill();
  EXPECT_THAT(open()->studies().value(), SizeIs(1));
}

TEST_F(SqliteStorageTest, ItsDescriptorsDoNotReachOtherPrograms) {
  const std::unique_ptr<Storage> store = open();
  ASSERT_TRUE(store->create_study(study_row("s1"), {}));
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code closed;
    if (!std::filesystem::read_symlink(entry, closed).string().starts_with(path_)) continue;
    ++found;
    EXPECT_TRUE(::fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC);
  }
  EXPECT_GE(found, 3) << "the lock, the file and its log";
}

TEST_F(SqliteStorageTest, PathsAreTakenLiterally) {
  for (const char* name :
       {"with space.db", "dbname=x timeout=1", ":memory:", "file:x?mode=memory", "größe'%s;", "a  b "}) {
    {
      const Result<std::unique_ptr<Storage>> store = open_sqlite_storage(folder_.file(name));
      ASSERT_TRUE(store) << store.error().describe();
      ASSERT_TRUE((*store)->create_study(study_row("s1"), {}));
    }
    EXPECT_GT(std::filesystem::file_size(folder_.file(name)), 4096U) << name;
    EXPECT_THAT(open_sqlite_storage(folder_.file(name)).value()->studies().value(), SizeIs(1)) << name;
  }
  expect_refused("", ErrorCode::invalid_argument, "empty");
  expect_refused(folder_.file("a\"b"), ErrorCode::invalid_argument, "quotation mark");
}

TEST_F(SqliteStorageTest, WhatIsNoStoreIsRefusedAndLeftAlone) {
  const std::string text = folder_.file("text.db");
  std::ofstream(text) << std::string(10'000, 'x');
  expect_refused(text, ErrorCode::corrupt, text);
  EXPECT_EQ(read_file(text).value(), std::string(10'000, 'x'));

  const std::string other = folder_.file("other.db");
  { soci::session(soci::sqlite3, "dbname=" + other) << "CREATE TABLE schema_version (a INTEGER)"; }
  const std::string before = read_file(other).value();
  expect_refused(other, ErrorCode::unsupported, "another program");
  EXPECT_EQ(read_file(other).value(), before);
}

TEST_F(SqliteStorageTest, ADamagedFileIsCorrupt) {
  {
    const std::unique_ptr<Storage> store = open();
    ASSERT_TRUE(store->create_study(study_row("s1"), {}));
    for (TrialId trial = 1; trial <= 200; ++trial) ASSERT_TRUE(store->commit(change_of("s1", 1, trial)));
  }
  const std::string good = read_file(path_).value();
  std::string damaged = good;
  for (std::size_t i = 8192; i < damaged.size(); i += 4096) std::memset(&damaged[i], 0xa5, 4096);
  ASSERT_TRUE(write_file_atomically(path_, damaged));
  expect_refused(path_, ErrorCode::corrupt, path_);

  // Only the trials: the file opens, reading them fails.
  std::filesystem::remove(path_);
  ASSERT_TRUE(write_file_atomically(path_, good));
  {
    const auto dialect = open_sqlite_dialect(path_).value();
    dialect->session() << "UPDATE trials SET params = '{\"x\":' WHERE trial = 7";
    dialect->session() << "UPDATE attempts SET state = 'ASLEEP' WHERE trial = 8";
  }
  const std::unique_ptr<Storage> store = open();
  const auto trials = store->trials("s1");
  ASSERT_FALSE(trials);
  EXPECT_EQ(trials.error().code, ErrorCode::corrupt);
  EXPECT_THAT(trials.error().message, HasSubstr(fmt::format("store {}: study s1, trial 7: ", path_)));
  EXPECT_THAT(store->records("s1", 7).value(), SizeIs(1));
}

TEST_F(SqliteStorageTest, AnErrorNeverShowsWhatWasBound) {
  { const std::unique_ptr<Storage> store = open(); }
  {
    const auto dialect = open_sqlite_dialect(path_).value();
    dialect->session() << "CREATE TRIGGER refuse BEFORE INSERT ON attempts BEGIN SELECT raise(ABORT, 'no'); END";
  }
  const std::unique_ptr<Storage> store = open();
  ASSERT_TRUE(store->create_study(study_row("s1"), {}));
  const auto refused = store->commit(change_of("s1", 1, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::internal);
  EXPECT_THAT(refused.error().message, HasSubstr(path_));
  EXPECT_THAT(refused.error().describe(), Not(HasSubstr("token")));
  EXPECT_TRUE(store->trials("s1").value().empty());
}

// File permissions do not bind root: they do after this.
class AsNobody {
 public:
  AsNobody() : was_root_(::geteuid() == 0 && ::seteuid(65534) == 0) {}
  ~AsNobody() {
    if (was_root_ && ::seteuid(0) != 0) std::abort();
  }

 private:
  bool was_root_;
};

TEST_F(SqliteStorageTest, WhatCannotBeWrittenIsAnIoError) {
  expect_refused("/nonexistent/krige.db", ErrorCode::io, "/nonexistent/krige.db");
  std::filesystem::create_directory(folder_.file("folder.db"));
  expect_refused(folder_.file("folder.db"), ErrorCode::io, "Is a directory");
  { const std::unique_ptr<Storage> store = open(); }
  std::filesystem::permissions(path_, std::filesystem::perms(0444));
  std::filesystem::permissions(path_ + ".lock", std::filesystem::perms(0666));
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0555));
  {
    const AsNobody unprivileged;
    expect_refused(folder_.file("new.db"), ErrorCode::io, "Permission denied");
    expect_refused(path_, ErrorCode::io, "Permission denied");
  }
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
}

// Makes a folder run out of space: a small tmpfs in a mount namespace of this process where that is allowed, else a
// limit on the size of files.
class SmallDisk {
 public:
  explicit SmallDisk(const TemporaryFolder& folder) : path_(folder.file("disk")) {
    std::filesystem::create_directory(path_);
    mounted_ = ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=4m") == 0;
    if (!mounted_)
      std::cout << "no tmpfs here (" << std::strerror(errno) << "): the disk is a limit on the size of files\n";
  }
  ~SmallDisk() {
    make_space();
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

  void fill() {
    if (mounted_) {
      std::ofstream filler(file("filler"));
      while (filler << std::string(4096, 'x') << std::flush) {
      }
      return;
    }
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit none{8192, before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
    limited_ = true;
  }
  void make_space() {
    if (mounted_) std::filesystem::remove(file("filler"));
    if (!limited_) return;
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, old_handler_);
    limited_ = false;
  }

 private:
  std::string path_;
  bool mounted_ = false;
  bool limited_ = false;
  rlimit before_{};
  void (*old_handler_)(int) = SIG_DFL;
};

TEST_F(SqliteStorageTest, AFullDiskLosesNothingAndTheStoreGoesOn) {
  SmallDisk disk(folder_);
  path_ = disk.file("krige.db");
  TrialId kept = 0;
  {
    const std::unique_ptr<Storage> store = open();
    ASSERT_TRUE(store->create_study(study_row("s1"), {}));
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->commit(change_of("s1", 1, ++kept)));
      disk.fill();
      const std::vector<StudyRow> before = store->studies().value();
      for (int i = 0; i < 3; ++i) {
        // Too large for the room that the log may still have.
        Change change = change_of("s1", 1, kept + 1);
        change.events.push_back({"LARGE", std::string(2'000'000, 'x')});
        const Result<std::uint64_t> refused = store->commit(change);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::io) << refused.error().describe();
        EXPECT_THAT(refused.error().message, HasSubstr(path_));
        EXPECT_EQ(store->studies().value(), before);
        EXPECT_THAT(store->trials("s1").value(), SizeIs(kept));
        EXPECT_THAT(store->events("s1", 0, 100).value(), SizeIs(kept));
      }
      disk.make_space();
    }
    ++kept;
    EXPECT_EQ(store->commit(change_of("s1", 1, kept)).value(), static_cast<std::uint64_t>(kept));
  }
  EXPECT_EQ(ask("PRAGMA integrity_check"), "ok");
  const std::vector<Trial> trials = open()->trials("s1").value();
  ASSERT_THAT(trials, SizeIs(kept));
  for (TrialId i = 0; i < kept; ++i) EXPECT_EQ(trials[static_cast<std::size_t>(i)], full_trial(i + 1));
}

TEST_F(SqliteStorageTest, AStoreCannotBeMadeOnAFullDisk) {
  SmallDisk disk(folder_);
  disk.fill();
  expect_refused(disk.file("krige.db"), ErrorCode::io, disk.file("krige.db"));
  disk.make_space();
  EXPECT_TRUE(open_sqlite_storage(disk.file("krige.db")));
}

}  // namespace
}  // namespace krige::tuner
