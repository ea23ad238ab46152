#include "server/webhooks/positions.h"

#include <gtest/gtest.h>

#include "base/fd.h"
#include "tests/server/temporary_folder.h"

namespace krige::server {
namespace {

TEST(Positions, AreKept) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a.json";
  Positions first = Positions::open(file).value();
  EXPECT_TRUE(first.is_new());
  EXPECT_EQ(first.of("a"), 0U);
  first.set("a", 7);
  first.set("b", 9);
  first.forget("b");
  ASSERT_TRUE(first.save());
  const Positions again = Positions::open(file).value();
  EXPECT_FALSE(again.is_new());
  EXPECT_EQ(again.of("a"), 7U);
  EXPECT_EQ(again.of("b"), 0U);
}

TEST(Positions, RefuseAFileThatIsNone) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a.json";
  for (const char* text : {"", "[]", "{\"a\": -1}", "{\"a\": \"x\"}", "{\"a\""}) {
    ASSERT_TRUE(write_file_atomically(file.string(), text));
    const auto opened = Positions::open(file);
    ASSERT_FALSE(opened) << text;
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt) << text;
  }
}

}  // namespace
}  // namespace krige::server
