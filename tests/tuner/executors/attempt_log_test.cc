#include "tuner/executors/attempt_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

namespace krige::tuner {
namespace {

class AttemptLogTest : public ::testing::Test {
 protected:
  AttemptLogTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "krige-log-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~AttemptLogTest() override { std::filesystem::remove_all(folder_); }

  AttemptLog open(std::uint64_t limit) { return AttemptLog::open(folder_ + "/logs", key_, limit).value(); }
  [[nodiscard]] std::string path() const { return attempt_log_path(folder_ + "/logs", key_); }

  std::string folder_;
  AttemptKey key_{"study", 3, 2};
};

TEST_F(AttemptLogTest, IsItsOwnersAloneAndGoesOnBehind) {
  open(1 << 20).append("one\n");
  open(1 << 20).append("two\n");
  const auto part = read_log(path(), 0, 1000);
  ASSERT_TRUE(part);
  EXPECT_EQ(part->text, "one\ntwo\n");
  EXPECT_EQ(part->size, 8U);
  struct stat about {};
  ASSERT_EQ(::stat(path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat((folder_ + "/logs/study").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0700U);
}

TEST_F(AttemptLogTest, IsReadFromAnOffsetAndInParts) {
  open(1 << 20).append("0123456789");
  const auto part = read_log(path(), 3, 4);
  EXPECT_EQ(part->text, "3456");
  EXPECT_EQ(part->offset, 3U);
  EXPECT_EQ(part->size, 10U);
  EXPECT_EQ(read_log(path(), 10, 4)->text, "");
  EXPECT_EQ(read_log(path(), 99, 4)->offset, 10U);
}

TEST_F(AttemptLogTest, ATailBeginsWithALine) {
  open(1 << 20).append("first\nsecond\nthird\n");
  EXPECT_EQ(read_log_tail(path(), 1000)->text, "first\nsecond\nthird\n");
  EXPECT_EQ(read_log_tail(path(), 9)->text, "third\n");
  EXPECT_EQ(read_log_tail(path(), 6)->text, "third\n");
  EXPECT_EQ(read_log_tail(path(), 6)->offset, 13U);
  EXPECT_EQ(read_log_tail(path(), 3)->text, "rd\n");  // within one line: the bytes that were asked for
  EXPECT_EQ(read_log_tail(path(), 0)->text, "");
}

TEST_F(AttemptLogTest, ALongLogLosesItsBeginningAndKeepsItsOffsets) {
  constexpr std::uint64_t kLimit = 64 << 10;
  AttemptLog log = open(kLimit);
  std::string line(99, 'x');
  std::uint64_t written = 0;
  for (int i = 0; i < 10'000; ++i, written += line.size() + 1) log.append(line + "\n");
  struct stat about {};
  ASSERT_EQ(::stat(path().c_str(), &about), 0);
  EXPECT_EQ(about.st_size, static_cast<off_t>(written));
  EXPECT_LE(about.st_blocks * 512, static_cast<off_t>(kLimit + 8192));
  const auto all = read_log(path(), 0, 10 << 20);
  ASSERT_TRUE(all);
  EXPECT_GE(all->text.size(), kLimit / 2);
  EXPECT_LE(all->text.size(), kLimit);
  EXPECT_EQ(all->text.find('\0'), std::string::npos);
  EXPECT_EQ(all->offset + all->text.size(), written);
  const auto tail = read_log_tail(path(), 10 << 20);
  EXPECT_EQ(tail->text.substr(0, 100), line + "\n");  // not the rest of a line whose beginning is gone
}

TEST_F(AttemptLogTest, ThereIsNoneOfAnotherAttempt) {
  EXPECT_EQ(read_log(path(), 0, 10).error().code, ErrorCode::not_found);
  EXPECT_EQ(read_log_tail(path(), 10).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace krige::tuner
