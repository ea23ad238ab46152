#include "trainer/data/idx.h"

#include "tests/trainer/data/support.h"

namespace krige::trainer {
namespace {

using testing::idx;
using testing::vector_of;
using Numbers = std::vector<float>;

class IdxTest : public testing::DataTest {
 protected:
  Result<Table> read(const std::string& images, LabelKind kind = LabelKind::category, const TableInfo* like = nullptr) {
    TrainData data;
    data.format = DataFormat::idx;
    data.path = images;
    return testing::converted(images, data, kind, like);
  }
  std::string fault(const std::string& images) {
    const Result<Table> table = read(images);
    return table ? "no error" : table.error().describe();
  }
};

TEST_F(IdxTest, ImagesAndTheLabelsBesideThem) {
  const std::string images = file("train-images-idx3-ubyte.gz", testing::gzipped(idx({3, 1, 2}, "\1\2\3\4\5\xff")));
  file("train-labels-idx1-ubyte", idx({3}, "\7\2\7"));
  const Table table = read(images).value();
  EXPECT_EQ(table.info().layout, Layout::dense_u8);
  EXPECT_EQ(table.info().columns, 2U);
  EXPECT_EQ(vector_of(table.bytes()), (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 255}));
  EXPECT_EQ(table.info().classes, (std::vector<std::string>{"2", "7"}));
  EXPECT_EQ(vector_of(table.targets()), (Numbers{1, 0, 1}));
  EXPECT_EQ(vector_of(read(images, LabelKind::number).value().targets()), (Numbers{7, 2, 7}));
  // A further file: the classes are the first one's.
  const std::string more = file("t10k-images-idx3-ubyte", idx({1, 1, 2}, "\1\2"));
  const std::string labels = file("t10k-labels-idx1-ubyte", idx({1}, "\7"));
  EXPECT_EQ(vector_of(read(more, LabelKind::category, &table.info()).value().targets()), Numbers{1});
  file("t10k-labels-idx1-ubyte", idx({1}, "\5"));
  EXPECT_EQ(read(more, LabelKind::category, &table.info()).error().message,
            labels + ": the training data has no class 5");
}

TEST_F(IdxTest, FaultsNameTheFile) {
  const std::string images = file("a-images-idx3-ubyte", idx({2, 1, 1}, std::string("\0\1", 2)));
  EXPECT_EQ(fault(images), "data.label: " + images + ": no file of labels is beside it; name it here");
  const std::string labels = file("a-labels-idx1-ubyte", idx({3}, "\1\2\3"));
  EXPECT_EQ(fault(images), labels + ": has 3 labels of 1 bytes for the 2 images of " + images);
  file("a-labels-idx1-ubyte", idx({2}, "\1"));
  EXPECT_EQ(fault(images), labels + ": ends too early");
  file("a-labels-idx1-ubyte", idx({2}, "\1\2\3"));
  EXPECT_EQ(fault(images), labels + ": is longer than its header says");
  file("a-labels-idx1-ubyte", "1,2,3\n");
  EXPECT_EQ(fault(images), labels + ": is not an IDX file of unsigned bytes");
  file("a-labels-idx1-ubyte", idx({0}, ""));
  EXPECT_EQ(fault(images), labels + ": has no rows");
  file("a-images-idx3-ubyte", idx({2, 1u << 31, 1u << 31}, ""));
  EXPECT_EQ(fault(images), images + ": is not an IDX file of unsigned bytes");
}

}  // namespace
}  // namespace krige::trainer
