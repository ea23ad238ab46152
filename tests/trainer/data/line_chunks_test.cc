#include "trainer/data/line_chunks.h"

#include "tests/trainer/data/support.h"

namespace krige::trainer {
namespace {

class LineChunksTest : public testing::DataTest {
 protected:
  LineChunks open(std::string_view text) { return LineChunks(ByteSource::open(file("text", text)).value()); }
  static std::string all(LineChunks& chunks) {
    std::string text;
    TextChunk chunk;
    for (std::uint64_t i = 0; chunks.next(chunk).value(); ++i) {
      EXPECT_EQ(chunk.index, i);
      EXPECT_EQ(chunk.text().back(), '\n');
      text += chunk.text();
    }
    return text;
  }
};

TEST_F(LineChunksTest, ChunksAreWholeLinesAndTogetherTheText) {
  std::string text;
  for (int i = 0; text.size() < 5 * LineChunks::kChunkBytes; ++i) text += std::string(i % 997, 'x') + "\n";
  LineChunks chunks = open(text);
  EXPECT_EQ(all(chunks), text);
}

TEST_F(LineChunksTest, EndsOfTheText) {
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                                                       {"a", "a\n"},
                                                                                       {"a\n", "a\n"},
                                                                                       {"\n\n", "\n\n"},
                                                                                       {"\xef\xbb\xbf"
                                                                                        "a\nb",
                                                                                        "a\nb\n"}}) {
    LineChunks chunks = open(text);
    EXPECT_EQ(all(chunks), expected);
  }
}

TEST_F(LineChunksTest, AChunkPutBackComesAgain) {
  LineChunks chunks = open("a\nb\n");
  TextChunk chunk;
  ASSERT_TRUE(chunks.next(chunk).value());
  chunks.put_back(std::move(chunk));
  EXPECT_EQ(all(chunks), "a\nb\n");
}

TEST_F(LineChunksTest, ALineWithoutEndIsAnError) {
  LineChunks chunks = open("a\n" + std::string(LineChunks::kMaxLineBytes + 2 * LineChunks::kChunkBytes, 'x'));
  TextChunk chunk;
  ASSERT_TRUE(chunks.next(chunk).value());
  EXPECT_EQ(chunk.text(), "a\n");
  EXPECT_EQ(chunks.next(chunk).error().code, ErrorCode::payload_too_large);
}

}  // namespace
}  // namespace krige::trainer
