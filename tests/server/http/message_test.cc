#include "server/http/message.h"

#include <gtest/gtest.h>

namespace krige::server {
namespace {

TEST(Query, IsSplitAtTheFirstEqualsAndDecoded) {
  EXPECT_EQ(parse_query("/a"), Fields{});
  EXPECT_EQ(parse_query("/a?"), Fields{});
  EXPECT_EQ(
      parse_query("/a?filter=state=A,B&z=1&b=%C3%B6+x&b=2&flag&=v&&c=#d=1"),
      (Fields{{"", "v"}, {"b", "ö x"}, {"b", "2"}, {"c", ""}, {"filter", "state=A,B"}, {"flag", ""}, {"z", "1"}}));
  EXPECT_EQ(parse_query("/a?x=%3D%2&y=%zz%"), (Fields{{"x", "=%2"}, {"y", "%zz%"}}));
  EXPECT_EQ(parse_query("/a?x=1?y=2"), (Fields{{"x", "1?y=2"}}));
}

}  // namespace
}  // namespace krige::server
