#include "tuner/storage/store_lock.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/tuner/storage/support.h"

namespace krige::tuner {
namespace {

TEST(StoreLock, ASecondHolderIsToldThePidOfTheFirst) {
  const TemporaryFolder folder;
  const std::string store = folder.file("krige.db");
  Child holder([&](int out, int until_closed) {
    const Result<StoreLock> lock = StoreLock::acquire(store);
    write_number(out, lock ? 1 : 0);
    wait_until_closed(until_closed);
  });
  ASSERT_EQ(holder.read_number(), 1U);
  const Result<StoreLock> second = StoreLock::acquire(store);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_EQ(second.error().message, fmt::format("{} is in use by process {}", store, holder.pid()));

  holder.kill();
  EXPECT_TRUE(StoreLock::acquire(store)) << "what a killed process leaves behind is no obstacle";
}

TEST(StoreLock, OneProcessCannotHoldItTwice) {
  const TemporaryFolder folder;
  const std::string store = folder.file("krige.db");
  {
    const Result<StoreLock> lock = StoreLock::acquire(store);
    ASSERT_TRUE(lock);
    const Result<StoreLock> second = StoreLock::acquire(store);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message, fmt::format("{} is in use by process {}", store, ::getpid()));
  }
  EXPECT_TRUE(StoreLock::acquire(store));
}

TEST(StoreLock, AnUnreadablePidIsLeftOut) {
  const TemporaryFolder folder;
  const std::string store = folder.file("krige.db");
  const Result<StoreLock> lock = StoreLock::acquire(store);
  ASSERT_TRUE(lock);
  std::filesystem::resize_file(store + ".lock", 0);
  EXPECT_EQ(StoreLock::acquire(store).error().message, store + " is in use by another process");
}

TEST(StoreLock, AMissingFolderIsNamed) {
  const Result<StoreLock> lock = StoreLock::acquire("/nonexistent/krige.db");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, ErrorCode::io);
  EXPECT_EQ(lock.error().message, "cannot open /nonexistent/krige.db.lock: No such file or directory");
}

}  // namespace
}  // namespace krige::tuner
