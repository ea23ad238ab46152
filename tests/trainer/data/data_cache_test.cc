#include "trainer/data/data_cache.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "tests/trainer/data/support.h"

namespace krige::trainer {
namespace {

namespace fs = std::filesystem;
using testing::features_of;
using testing::vector_of;

// Warnings of the cache, of this process.
std::vector<std::string>& warnings() {
  static std::vector<std::string> all;
  return all;
}

class DataCacheTest : public testing::DataTest {
 protected:
  void SetUp() override {
    warnings().clear();
    log::set_sink([](log::Level, std::string_view message) { warnings().emplace_back(message); });
    data_.label = -1;
  }
  void TearDown() override { log::set_sink({}); }

  Result<Table> open(
      const std::string& path, const Progress& progress = [] {}) {
    return cached_table({path, &data_, LabelKind::number, nullptr}, cache_, progress);
  }
  [[nodiscard]] std::vector<fs::path> entries() const {
    std::vector<fs::path> found;
    for (const auto& item : fs::directory_iterator(cache_.folder))
      if (item.is_directory()) found.push_back(item.path());
    return found;
  }
  static std::string rows(std::size_t bytes, char digit = '1') {
    std::string text;
    while (text.size() < bytes) text += std::string{digit, '.', '2', '5', ',', digit, '\n'};
    return text;
  }

  TrainData data_;
};

TEST_F(DataCacheTest, ATableIsMadeOnceAndIsWhatADirectReadGives) {
  const std::string path = file("data", rows(3 << 20));
  const Table first = open(path).value();
  ASSERT_EQ(entries().size(), 1U);
  const auto made = fs::last_write_time(entries()[0] / "features");
  const Table second = open(path).value();
  EXPECT_EQ(fs::last_write_time(entries()[0] / "features"), made);
  const Table direct = testing::converted(path, data_, LabelKind::number).value();
  EXPECT_EQ(first.info(), direct.info());
  EXPECT_EQ(second.info(), direct.info());
  for (const Table* table : {&first, &second}) {
    EXPECT_EQ(features_of(*table), features_of(direct));
    EXPECT_EQ(vector_of(table->targets()), vector_of(direct.targets()));
  }
  EXPECT_EQ(warnings(), std::vector<std::string>{});
}

TEST_F(DataCacheTest, OtherContentAndOtherOptionsAreOtherTables) {
  const std::string path = file("data", "1,2\n");
  EXPECT_EQ(open(path).value().features()[0], 1);
  // At once, with the same size: the clock of files may not have ticked.
  file("data", "3,2\n");
  EXPECT_EQ(open(path).value().features()[0], 3);
  data_.label = 0;
  EXPECT_EQ(open(path).value().features()[0], 2);
  EXPECT_EQ(entries().size(), 3U);
}

TEST_F(DataCacheTest, ADamagedTableIsMadeAnew) {
  const std::string path = file("data", rows(1000));
  const std::vector<float> expected = features_of(open(path).value());
  for (const std::string section : {"features", "targets", "meta"}) {
    const fs::path damaged = entries()[0] / section;
    {
      const UniqueFd fd(::open(damaged.c_str(), O_RDWR));
      const char byte = 'x';
      ASSERT_EQ(::pwrite(fd.get(), &byte, 1, 20), 1);
    }
    EXPECT_EQ(features_of(open(path).value()), expected) << section;
    ASSERT_EQ(warnings().size(), 1U) << section;
    EXPECT_TRUE(warnings()[0].starts_with("the data are converted anew: ")) << warnings()[0];
    warnings().clear();
    fs::resize_file(entries()[0] / section, 3);
    EXPECT_EQ(features_of(open(path).value()), expected) << section;
    EXPECT_EQ(warnings().size(), 1U);
    warnings().clear();
  }
}

TEST_F(DataCacheTest, ProcessesAtOnceConvertOnce) {
  const std::string path = file("data", rows(8 << 20));
  std::vector<pid_t> children;
  // How often each has converted is told by how often the table's file was created: its inode would differ.
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto table = open(path);
      ::_exit(table && warnings().empty() && table->info().rows == ((8 << 20) + 6) / 7 ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(entries().size(), 1U);
}

TEST_F(DataCacheTest, AProcessKilledInTheMiddleLeavesNothingThatMatters) {
  const std::string path = file("data", rows(4 << 20));
  const pid_t child = ::fork();
  if (child == 0) {
    // Dies by its own hand at a place that is surely in the middle.
    int calls = 0;
    (void)open(path, [&calls] {
      if (++calls == 3) ::kill(::getpid(), SIGKILL);
    });
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_EQ(entries().size(), 1U);
  EXPECT_TRUE(entries()[0].string().ends_with(".tmp"));
  // Another file's conversion sweeps it, and so does its own.
  ASSERT_TRUE(open(file("other", "1,2\n")));
  ASSERT_EQ(entries().size(), 1U);
  EXPECT_FALSE(entries()[0].string().ends_with(".tmp"));
  EXPECT_EQ(open(path).value().info().rows, ((4 << 20) + 6) / 7);
  EXPECT_EQ(warnings(), std::vector<std::string>{});
}

TEST_F(DataCacheTest, AHolderThatDoesNotGoOnIsNotWaitedForForEver) {
  cache_.patience = Millis(30);
  fs::create_directories(cache_.folder);
  std::vector<UniqueFd> locks;
  for (int i = 0; i < 256; ++i) {
    char name[16];
    std::snprintf(name, sizeof name, "/lock.%02x", static_cast<unsigned>(i));
    locks.emplace_back(::open((cache_.folder + name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(::flock(locks.back().get(), LOCK_EX | LOCK_NB), 0);
  }
  int signs = 0;
  EXPECT_EQ(open(file("data", "1,2\n"), [&signs] { ++signs; }).value().features()[0], 1);
  EXPECT_GT(signs, 1);
  ASSERT_EQ(warnings().size(), 1U);
  EXPECT_NE(warnings()[0].find("is held by a process that does not go on"), std::string::npos) << warnings()[0];
  EXPECT_TRUE(entries().empty());
}

TEST_F(DataCacheTest, WhereNothingCanBeWrittenTheTableServesThisProcess) {
  cache_.folder = file("no-folder", "x") + "/cache";
  EXPECT_EQ(open(file("data", "1,2\n")).value().features()[0], 1);
  ASSERT_EQ(warnings().size(), 1U);
  EXPECT_TRUE(warnings()[0].starts_with("the data cache cannot be used: cannot create ")) << warnings()[0];
  cache_.folder.clear();
  EXPECT_EQ(open(file("data", "1,2\n")).value().targets()[0], 2);
}

TEST_F(DataCacheTest, TheLeastRecentlyUsedGoesFirst) {
  const std::string a = file("a", rows(100'000));
  const std::string b = file("b", rows(100'000, '2'));
  const Table of_a = open(a).value();
  const fs::path entry_a = entries().at(0);
  ASSERT_TRUE(open(b));
  // a was used longest ago, by its mark.
  fs::last_write_time(entry_a / "meta", fs::file_time_type::clock::now() - std::chrono::hours(1));
  cache_.quota_bytes = 300'000;  // two tables of about 115 kB
  ASSERT_TRUE(open(file("c", rows(100'000, '3'))));
  EXPECT_EQ(entries().size(), 2U);
  EXPECT_FALSE(fs::exists(entry_a));
  EXPECT_EQ(of_a.features()[0], 1.25F);  // who has it, keeps it
  cache_.quota_bytes = 0;
  ASSERT_TRUE(open(file("d", rows(100'000, '4'))));
  EXPECT_EQ(entries().size(), 1U);
}

TEST_F(DataCacheTest, FaultsOfTheDataAreNotOfTheCache) {
  const std::string path = file("data", "1,2\nx,3\n");
  EXPECT_EQ(open(path).error().message, path + ":2: column 1 (x0) is not a finite number: x");
  EXPECT_TRUE(entries().empty());
  EXPECT_EQ(open(folder_ / "none").error().code, ErrorCode::not_found);
  EXPECT_EQ(warnings(), std::vector<std::string>{});
}

}  // namespace
}  // namespace krige::trainer
