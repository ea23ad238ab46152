#include "base/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/ids.h"

namespace krige {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / ("krige-fd-" + random_id(10))) {
    std::filesystem::create_directory(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const char* name) const { return (path_ / name).string(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(Fd, MovedFromOwnsNothing) {
  Result<Pipe> pipe = make_pipe();
  ASSERT_TRUE(pipe);
  UniqueFd first = std::move(pipe->read);
  const int number = first.get();
  const UniqueFd second = std::move(first);
  EXPECT_FALSE(first);
  EXPECT_EQ(second.get(), number);
  EXPECT_TRUE(::fcntl(number, F_GETFD) & FD_CLOEXEC);
}

TEST(Fd, AtomicWriteReplacesAndLeavesNothingBeside) {
  const TemporaryFolder folder;
  const std::string path = folder.file("state");
  ASSERT_TRUE(write_file_atomically(path, "old"));
  ASSERT_TRUE(write_file_atomically(path, "new"));
  EXPECT_EQ(read_file(path).value(), "new");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Fd, AtomicWriteFollowsNoLinkThatWaitsBeside) {
  const TemporaryFolder folder;
  const std::string path = folder.file("state"), other = folder.file("other");
  ASSERT_TRUE(write_file_atomically(other, "of somebody else"));
  std::filesystem::create_symlink(other, path + "." + std::to_string(::getpid()) + ".tmp");
  ASSERT_TRUE(write_file_atomically(path, "new"));
  EXPECT_EQ(read_file(path).value(), "new");
  EXPECT_EQ(read_file(other).value(), "of somebody else");
}

TEST(Fd, ErrorsNameTheFile) {
  const Result<std::string> missing = read_file("/nonexistent/file");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "cannot open /nonexistent/file: No such file or directory");
  EXPECT_FALSE(write_file_atomically("/nonexistent/file", "x"));
}

TEST(Fd, ReadFileRefusesMoreThanItsLimit) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomically(folder.file("large"), std::string(100'000, 'x')));
  const Result<std::string> large = read_file(folder.file("large"), 1000);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::payload_too_large);
}

}  // namespace
}  // namespace krige
