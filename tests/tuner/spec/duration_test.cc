#include "tuner/spec/duration.h"

#include <gtest/gtest.h>

namespace krige::tuner {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsWhatUsersWrite) {
  EXPECT_EQ(parse_duration("30m"), Millis(30min));
  EXPECT_EQ(parse_duration("1h30m"), Millis(90min));
  EXPECT_EQ(parse_duration("1.5h"), Millis(90min));
  EXPECT_EQ(parse_duration("500ms"), Millis(500));
  EXPECT_EQ(parse_duration("45"), Millis(45s));
  for (const char* wrong : {"", "m", "30x", "-5m", "1h 30m", "nan", "1e400d", "99999999d"})
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
}

TEST(Duration, WritesWhatItReads) {
  for (const Millis duration : {Millis(0), Millis(1), Millis(1500), Millis(90min), Millis(26h)})
    EXPECT_EQ(parse_duration(to_string(duration)), duration) << to_string(duration);
  EXPECT_EQ(to_string(Millis(90min)), "1h30m");
}

}  // namespace
}  // namespace krige::tuner
