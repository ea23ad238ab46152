#include "tuner/executors/line_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace krige::tuner {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> split(LineSplitter splitter, const std::vector<std::string>& chunks) {
  std::vector<std::string> lines;
  const auto on_line = [&](std::string_view line) { lines.emplace_back(line); };
  for (const std::string& chunk : chunks) splitter.feed(chunk, on_line);
  splitter.finish(on_line);
  return lines;
}

TEST(LineSplitter, LinesDoNotDependOnHowTheyArrive) {
  EXPECT_THAT(split(LineSplitter(), {"one\ntwo\n\nfour"}), ElementsAre("one", "two", "", "four"));
  EXPECT_THAT(split(LineSplitter(), {"on", "e", "\n", "two\n\nfo", "ur"}), ElementsAre("one", "two", "", "four"));
  EXPECT_THAT(split(LineSplitter(), {"one\n"}), ElementsAre("one"));
  EXPECT_THAT(split(LineSplitter(), {}), ElementsAre());
}

TEST(LineSplitter, OnlyALineBeyondTheLimitIsCut) {
  EXPECT_THAT(split(LineSplitter(4), {"1234\n12", "345\n6"}),
              ElementsAre("1234", "1234 [cut: the line is longer than 4 bytes]", "6"));
  EXPECT_THAT(split(LineSplitter(4), {"1234", "5", "6"}), ElementsAre("1234 [cut: the line is longer than 4 bytes]"));
}

}  // namespace
}  // namespace krige::tuner
