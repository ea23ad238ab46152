// Bytes of others: valid files with random changes never crash a reader, and what is read is whole.
#include <cmath>

#include "base/rng.h"
#include "tests/trainer/data/support.h"

namespace krige::trainer {
namespace {

constexpr int kRounds = 400;

class FuzzTest : public testing::DataTest {
 protected:
  // Changes, removes, repeats or inserts some bytes.
  static std::string mutated(std::string text, Rng& rng) {
    constexpr std::string_view kPointed = ",\t\n\r\":#. +-0eENA?\0\xff";
    for (std::uint64_t n = 1 + rng.below(4); n > 0 && !text.empty(); --n) {
      const std::size_t at = rng.below(text.size());
      const char byte = rng.below(2) == 0 ? kPointed[rng.below(kPointed.size())] : static_cast<char>(rng.below(256));
      switch (rng.below(4)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.erase(at, 1 + rng.below(8));
          break;
        case 2:
          text.insert(at, text.substr(at, 1 + rng.below(30)));
          break;
        default:
          text.insert(at, 1, byte);
      }
    }
    return text;
  }

  static void expect_whole(const Table& table) {
    const TableInfo& info = table.info();
    ASSERT_GT(info.rows, 0U);
    ASSERT_EQ(table.targets().size(), info.rows);
    for (const float target : table.targets()) {
      ASSERT_TRUE(std::isfinite(target));
      ASSERT_TRUE(info.classes.empty() || target < static_cast<float>(info.classes.size()));
    }
    for (std::uint64_t row = 0; info.sparse() && row < info.rows; ++row)
      for (std::uint64_t e = table.offsets()[row]; e < table.offsets()[row + 1]; ++e) {
        ASSERT_LT(table.ids()[e], info.columns);
        ASSERT_TRUE(e == table.offsets()[row] || table.ids()[e - 1] < table.ids()[e]);
      }
  }

  void run(const std::string& valid, TrainData data, const std::string& name) {
    Rng rng(7);
    int read = 0;
    for (int round = 0; round < kRounds; ++round) {
      data.on_error = rng.below(2) == 0 ? OnError::fail : OnError::skip;
      if (data.delimited()) {
        data.missing = static_cast<Missing>(rng.below(3));
        data.categorical = static_cast<Categorical>(rng.below(2));
      }
      const auto table =
          testing::converted(file(name, mutated(valid, rng)), data, static_cast<LabelKind>(rng.below(3)));
      if (table) {
        ++read;
        expect_whole(*table);
      } else {
        ASSERT_FALSE(table.error().message.empty());
      }
    }
    EXPECT_GT(read, 0) << name;
  }
};

TEST_F(FuzzTest, Delimited) {
  TrainData data;
  data.label = -1;
  data.hash_bits = 3;
  const std::string text = "a,b,color,y\n1,2.5,red,0\n-3e2,4,\"bl\"\"ue\",1\n5, 6 ,?,0\n7,NA,red,2\n";
  run(text, data, "text.csv");
  run(testing::gzipped(text), data, "text.csv.gz");
  run(testing::xz_packed(text), data, "text.csv.xz");
  run(testing::zstd_packed(text), data, "text.csv.zst");
}

TEST_F(FuzzTest, Libsvm) {
  TrainData data;
  data.format = DataFormat::libsvm;
  run("+1 1:0.5 3:-2e1 7:1\n-1 2:1 4:.25 # x\n+1 1:1 2:2 3:3\n\n-1\n", data, "rows.svm");
}

TEST_F(FuzzTest, Idx) {
  TrainData data;
  data.format = DataFormat::idx;
  file("x-labels-idx1-ubyte", testing::idx({3}, "\1\2\1"));
  run(testing::idx({3, 2, 2}, "abcdefghijkl"), data, "x-images-idx3-ubyte");
  data.label = folder_ / "y-labels";
  data.path = file("y-images", testing::idx({3, 2, 2}, "abcdefghijkl"));
  Rng rng(9);
  for (int round = 0; round < kRounds; ++round) {
    file("y-labels", mutated(testing::idx({3}, "\1\2\1"), rng));
    if (const auto table = testing::converted(data.path, data, LabelKind::category)) expect_whole(*table);
  }
}

}  // namespace
}  // namespace krige::trainer
