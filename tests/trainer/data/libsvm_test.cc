#include "trainer/data/libsvm.h"

#include "tests/trainer/data/support.h"

namespace krige::trainer {
namespace {

using testing::vector_of;
using Names = std::vector<std::string>;
using Numbers = std::vector<float>;

class LibsvmTest : public testing::DataTest {
 protected:
  Result<Table> read(const std::string& text, LabelKind kind, const TableInfo* like = nullptr,
                     OnError on_error = OnError::fail) {
    TrainData data;
    data.format = DataFormat::libsvm;
    data.on_error = on_error;
    return testing::converted(file("rows", text), data, kind, like);
  }
  std::string fault(const std::string& text) {
    const Result<Table> table = read(text, LabelKind::category);
    if (table) return "no error";
    const std::string path = folder_ / "rows";
    EXPECT_TRUE(table.error().message.starts_with(path + ":")) << table.error().message;
    return table.error().message.substr(path.size() + 1);
  }
};

TEST_F(LibsvmTest, RowsAreSparse) {
  const Table table =
      read("+1 1:0.5 3:-2e1\n\n-1 2:1 \n 1.0\t4:3 # a comment 9:9\r\n# nothing\n+1\n", LabelKind::category).value();
  EXPECT_EQ(table.info().layout, Layout::csr);
  EXPECT_EQ(table.info().columns, 4U);
  EXPECT_EQ(vector_of(table.offsets()), (std::vector<std::uint64_t>{0, 2, 3, 4, 4}));
  EXPECT_EQ(vector_of(table.ids()), (std::vector<std::uint32_t>{0, 2, 1, 3}));
  EXPECT_EQ(vector_of(table.values()), (Numbers{0.5, -20, 1, 3}));
  EXPECT_EQ(table.info().classes, (Names{"-1", "1"}));
  EXPECT_EQ(vector_of(table.targets()), (Numbers{1, 0, 1, 1}));
}

TEST_F(LibsvmTest, LabelsAreNumbersOrClassesFromZero) {
  EXPECT_EQ(vector_of(read("2.5 1:1\n-3 1:1\n", LabelKind::number).value().targets()), (Numbers{2.5, -3}));
  const Table classes = read("2 1:1\n0 1:1\n10 1:1\n", LabelKind::category).value();
  EXPECT_EQ(classes.info().classes, (Names{"0", "2", "10"}));
  EXPECT_EQ(vector_of(classes.targets()), (Numbers{1, 0, 2}));
  EXPECT_EQ(vector_of(read("0 1:1\n0.5 1:1\n", LabelKind::either).value().targets()), (Numbers{0, 0.5}));
}

TEST_F(LibsvmTest, OnesAreNotKept) {
  const Table ones = read("1 1:1 5:1.0\n0 2:1e0\n", LabelKind::category).value();
  EXPECT_TRUE(ones.info().unit_values);
  EXPECT_TRUE(ones.values().empty());
  // The first other value may come after very many rows of ones.
  std::string text;
  while (text.size() < 3 << 20) text += "1 1:1 2:1\n";
  const Table late = read(text + "0 1:2\n", LabelKind::category).value();
  EXPECT_FALSE(late.info().unit_values);
  EXPECT_EQ(late.values().size(), late.info().entries);
  EXPECT_EQ(late.values()[late.info().entries - 2], 1);
  EXPECT_EQ(late.values().back(), 2);
}

TEST_F(LibsvmTest, AFurtherFileMayHaveFewerFeatures) {
  const Table first = read("1 1:1 3:1\n0 2:1\n", LabelKind::category).value();
  EXPECT_EQ(read("0 2:1\n", LabelKind::category, &first.info()).value().info().columns, 3U);
  const Table more = read("0 2:1 7:1\n", LabelKind::category, &first.info()).value();
  EXPECT_EQ(more.info().columns, 3U);
  EXPECT_EQ(vector_of(more.ids()), std::vector<std::uint32_t>{1});
}

TEST_F(LibsvmTest, FaultsNameLineAndEntry) {
  EXPECT_EQ(fault("1 1:1\nyes 1:1\n"), "2: the label is not a finite number: yes");
  EXPECT_EQ(fault("1,2 1:1\n"), "1: the label is not a finite number: 1,2");
  EXPECT_EQ(fault("1 1:1 foo\n"), "1: entry 2 is not id:value: foo");
  EXPECT_EQ(fault("1 qid:3 1:1\n"), "1: entry 1 is not id:value: qid:3");
  EXPECT_EQ(fault("1 0:1\n"), "1: entry 1 has id 0, while ids begin at 1: 0:1");
  EXPECT_EQ(fault("1 4:1 3:1\n"), "1: entry 2 has an id that is not above the one before it: 3:1");
  EXPECT_EQ(fault("1 4:1 4:1\n"), "1: entry 2 has an id that is not above the one before it: 4:1");
  EXPECT_EQ(fault("1 999999999:1\n"), "1: entry 1 has an id above 268435456: 999999999:1");
  EXPECT_EQ(fault("1 99999999999:1\n"), "1: entry 1 is not id:value: 99999999999:1");
  EXPECT_EQ(fault("1 1:x\n"), "1: entry 1 has a value that is not a finite number: 1:x");
  EXPECT_EQ(fault("1 1:\n"), "1: entry 1 has a value that is not a finite number: 1:");
  EXPECT_EQ(fault("1 1:nan\n"), "1: entry 1 has a value that is not a finite number: 1:nan");
  EXPECT_EQ(fault("# only\n"), " has no rows");
  const Table skipped = read("1 1:1\n1 1:1 foo\n0 3:1\n", LabelKind::category, nullptr, OnError::skip).value();
  EXPECT_EQ(skipped.info().rows, 2U);
  EXPECT_EQ(skipped.info().skipped, 1U);
  EXPECT_EQ(vector_of(skipped.ids()), (std::vector<std::uint32_t>{0, 2}));
}

}  // namespace
}  // namespace krige::trainer
