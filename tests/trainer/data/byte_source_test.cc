#include "trainer/data/byte_source.h"

#include <functional>

#include "tests/trainer/data/support.h"

namespace krige::trainer {
namespace {

class ByteSourceTest : public testing::DataTest {
 protected:
  static Result<std::string> all(const std::string& path, std::size_t piece = 1 << 16) {
    KRIGE_TRY(ByteSource source, ByteSource::open(path));
    std::string text;
    while (true) {
      std::string more(piece, '\0');
      KRIGE_TRY(const std::size_t got, source.read(more));
      text += more.substr(0, got);
      if (got < piece) return text;
    }
  }
  static std::string long_text() {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += std::to_string(i * 7919) + "\n";
    return text;
  }
};

using Pack = std::function<std::string(std::string_view)>;
const std::vector<Pack>& packings() {
  static const std::vector<Pack> all{testing::gzipped, testing::xz_packed, testing::zstd_packed};
  return all;
}

TEST_F(ByteSourceTest, PackingIsToldByTheFirstBytes) {
  const std::string text = long_text();
  EXPECT_EQ(all(file("plain.gz", text)).value(), text);
  for (const Pack& pack : packings())
    for (const std::size_t piece : {std::size_t{1} << 10, std::size_t{1} << 20})
      EXPECT_EQ(all(file("packed", pack(text)), piece).value(), text);
}

TEST_F(ByteSourceTest, PackedFilesMayFollowOneAnotherAndBeEmpty) {
  for (const Pack& pack : packings()) {
    EXPECT_EQ(all(file("two", pack("first\n") + pack("second\n"))).value(), "first\nsecond\n");
    EXPECT_EQ(all(file("none", pack(""))).value(), "");
  }
  EXPECT_EQ(all(file("empty", "")).value(), "");
}

TEST_F(ByteSourceTest, DamagedFilesAreErrors) {
  for (const Pack& pack : packings()) {
    const std::string packed = pack(long_text());
    const auto cut = all(file("cut", packed.substr(0, packed.size() / 2)));
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, ErrorCode::corrupt);
    EXPECT_NE(cut.error().message.find("ends too early"), std::string::npos) << cut.error().message;
    std::string damaged = packed;
    damaged[packed.size() / 2] = static_cast<char>(damaged[packed.size() / 2] ^ 0x55);
    const auto read = all(file("damaged", damaged));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  }
  EXPECT_EQ(ByteSource::open("/nonexistent/file.csv").error().code, ErrorCode::not_found);
  EXPECT_EQ(ByteSource::open("/tmp").error().code, ErrorCode::invalid_argument);
}

TEST_F(ByteSourceTest, TheHashIsOfTheFileAndAChangeIsNoticed) {
  const std::string path = file("data", testing::gzipped(long_text()));
  ByteSource source = ByteSource::open(path).value();
  std::string room(1 << 22, '\0');
  ASSERT_TRUE(source.read(room));
  EXPECT_EQ(source.content_hash().value(), content_hash_of(path).value());
  std::filesystem::resize_file(path, 10);
  EXPECT_EQ(source.content_hash().error().code, ErrorCode::conflict);
}

}  // namespace
}  // namespace krige::trainer
