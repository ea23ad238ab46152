#include "trainer/coordinator/line_writer.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "base/fd.h"

namespace krige::trainer {
namespace {

TEST(LineWriter, ASlowReaderStopsNobodyAndLosesNothing) {
  Pipe pipe = make_pipe().value();
  LineWriter writer(pipe.write.get());
  const std::string line(999, 'x');
  constexpr std::size_t kLines = 500;  // more than a pipe holds
  for (std::size_t i = 0; i < kLines; ++i) ASSERT_TRUE(writer.put(line));
  ASSERT_FALSE(writer.empty());
  std::string got(kLines * 1000, '\0');
  for (std::size_t at = 0; at < got.size();) {
    const ssize_t size = ::read(pipe.read.get(), got.data() + at, got.size() - at);
    ASSERT_GT(size, 0);
    at += static_cast<std::size_t>(size);
    ASSERT_TRUE(writer.flush());
  }
  EXPECT_TRUE(writer.empty());
  for (std::size_t i = 0; i < kLines; ++i) ASSERT_EQ(got.substr(i * 1000, 1000), line + "\n");
}

TEST(LineWriter, TellsThatTheReaderHasGone) {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe pipe = make_pipe().value();
  pipe.read.reset();
  LineWriter writer(pipe.write.get());
  EXPECT_EQ(writer.put("x").error().code, ErrorCode::io);
}

}  // namespace
}  // namespace krige::trainer
