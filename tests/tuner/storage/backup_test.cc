#include "tuner/storage/backup.h"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/tuner/storage/support.h"
#include "tests/tuner/storage/values.h"

namespace krige::tuner {
namespace {

namespace fs = std::filesystem;

class BackupTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = open_sqlite_storage(path_).value();
    ASSERT_TRUE(store_->create_study(study_row("s1"), {}));
  }
  ErrorCode error_of(const std::string& from, const std::string& to) {
    const Status done = back_up_sqlite_store(from, to);
    return done ? ErrorCode::cancelled : done.error().code;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("krige.db");
  std::unique_ptr<Storage> store_;
};

// Each change holds a trial, its record and an event: a copy has all of a change or nothing.
TEST_F(BackupTest, ACopyWhileTheStoreIsWrittenIsOneMomentOfIt) {
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> acknowledged = 0;
  std::jthread writer([&] {
    for (TrialId id = 1; !done; ++id) {
      ASSERT_TRUE(store_->commit(change_of("s1", 1, id)));
      acknowledged = static_cast<std::uint64_t>(id);
    }
  });
  for (int i = 0; i < 5; ++i) {
    while (acknowledged < static_cast<std::uint64_t>(20 * i)) std::this_thread::yield();
    const std::string copy = folder_.file("copy" + std::to_string(i));
    const std::uint64_t before = acknowledged;
    const Status made = back_up_sqlite_store(path_, copy);
    ASSERT_TRUE(made) << made.error().describe();
    const std::uint64_t after = acknowledged;
    EXPECT_EQ(fs::status(copy).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    const std::unique_ptr<Storage> copied = open_sqlite_storage(copy).value();
    const std::uint64_t seq = copied->studies().value().at(0).seq;
    EXPECT_GE(seq, before);
    EXPECT_LE(seq, after + 1);
    EXPECT_EQ(copied->trials("s1").value().size(), seq);
    EXPECT_EQ(copied->events("s1", 0, 1'000'000).value().size(), seq);
    EXPECT_EQ(copied->store_id(), store_->store_id());
  }
  done = true;
}

TEST_F(BackupTest, NothingIsOverwrittenAndOnlyStoresAreCopied) {
  EXPECT_EQ(error_of(folder_.file("none"), folder_.file("copy")), ErrorCode::not_found);
  EXPECT_FALSE(fs::exists(folder_.file("none"))) << "looking for it does not make it";
  std::ofstream(folder_.file("taken")) << "mine";
  EXPECT_EQ(error_of(path_, folder_.file("taken")), ErrorCode::already_exists);
  std::ofstream(folder_.file("text")) << std::string(5000, 'x');
  EXPECT_EQ(error_of(folder_.file("text"), folder_.file("copy")), ErrorCode::corrupt);
  std::ofstream(folder_.file("empty"));
  EXPECT_EQ(error_of(folder_.file("empty"), folder_.file("copy")), ErrorCode::unsupported);
  EXPECT_EQ(error_of(path_, folder_.file("no/such/folder")), ErrorCode::io);
  EXPECT_EQ(error_of(path_, ""), ErrorCode::invalid_argument);
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(path_).parent_path())) names.insert(entry.path().filename());
  EXPECT_THAT(names, testing::IsSupersetOf({"krige.db", "taken", "text", "empty"}));
  EXPECT_FALSE(names.contains("copy")) << "what failed leaves nothing";
  EXPECT_TRUE(std::ranges::none_of(names, [](const std::string& name) { return name.starts_with("copy."); }));
}

}  // namespace
}  // namespace krige::tuner
