#include "trainer/data/text_lines.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>

#include "base/fd.h"

namespace krige::trainer {
namespace {

class TextLinesTest : public testing::Test {
 protected:
  std::string file(const std::string& content) {
    const std::string path = testing::TempDir() + "/krige_text_lines_" + std::to_string(::getpid());
    EXPECT_TRUE(write_file_atomically(path, content));
    path_ = path;
    return path;
  }
  void TearDown() override { std::filesystem::remove(path_); }

  static Result<std::vector<std::string>> all(const std::string& path) {
    KRIGE_TRY(TextLines lines, TextLines::open(path));
    std::vector<std::string> read;
    while (true) {
      KRIGE_TRY(const auto line, lines.next());
      if (!line) return read;
      read.emplace_back(*line);
      EXPECT_EQ(lines.number(), read.size());
    }
  }

  static std::string gzipped(const std::string& text) {
    const std::string path = testing::TempDir() + "/krige_gz_" + std::to_string(::getpid());
    gzFile out = ::gzopen(path.c_str(), "wb");
    EXPECT_EQ(::gzwrite(out, text.data(), static_cast<unsigned>(text.size())), static_cast<int>(text.size()));
    EXPECT_EQ(::gzclose(out), Z_OK);
    const std::string packed = read_file(path).value();
    std::filesystem::remove(path);
    return packed;
  }

  std::string path_;
};

TEST_F(TextLinesTest, EndsOfLinesAndOfTheFile) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(all(file("a\nb\r\n\nc")).value(), (Lines{"a", "b", "", "c"}));
  EXPECT_EQ(all(file("a\n")).value(), (Lines{"a"}));
  EXPECT_EQ(all(file("")).value(), Lines{});
}

TEST_F(TextLinesTest, LongFilesPlainAndCompressed) {
  std::string text;
  std::vector<std::string> expected;
  for (int i = 0; i < 200'000; ++i) {
    expected.push_back("line " + std::to_string(i * 7919));
    text += expected.back() + "\n";
  }
  EXPECT_EQ(all(file(text)).value(), expected);
  EXPECT_EQ(all(file(gzipped(text))).value(), expected);
}

TEST_F(TextLinesTest, DamagedFilesAreErrors) {
  std::string packed = gzipped(std::string(100'000, 'x') + "\n" + std::string(100'000, 'y') + "\n");
  const auto cut = all(file(packed.substr(0, packed.size() / 2)));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::corrupt);
  packed[packed.size() - 6] ^= 1;  // the checksum
  const auto damaged = all(file(packed));
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::corrupt);
  EXPECT_EQ(TextLines::open("/nonexistent/file.csv").error().code, ErrorCode::not_found);
  EXPECT_EQ(TextLines::open("/tmp").error().code, ErrorCode::invalid_argument);
}

TEST_F(TextLinesTest, ALineWithoutEndIsAnError) {
  const auto endless = all(file(std::string((17 << 20) + 2, 'x')));
  ASSERT_FALSE(endless);
  EXPECT_NE(endless.error().message.find(":1: the line is longer"), std::string::npos) << endless.error().message;
}

}  // namespace
}  // namespace krige::trainer
