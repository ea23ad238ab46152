#include "trainer/data/table.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/fd.h"

namespace krige::trainer {
namespace {

class TableTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  Result<Table> read(const std::string& content, std::variant<std::string, std::int64_t> label, LabelKind kind,
                     DataFormat format = DataFormat::csv) {
    EXPECT_TRUE(write_file_atomically(path_, content));
    TrainData data;
    data.label = std::move(label);
    data.format = format;
    return read_table(path_, data, kind);
  }
  // The message behind the path.
  std::string fault(const std::string& content, std::variant<std::string, std::int64_t> label = -1,
                    LabelKind kind = LabelKind::number) {
    const Result<Table> table = read(content, std::move(label), kind);
    if (table) return "no error";
    EXPECT_EQ(table.error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(table.error().message.starts_with(path_ + ":")) << table.error().message;
    return table.error().message.substr(path_.size() + 1);
  }

  std::string path_ = testing::TempDir() + "/krige_table_" + std::to_string(::getpid());
};

using Names = std::vector<std::string>;
using Numbers = std::vector<double>;

TEST_F(TableTest, HeaderIsToldFromTheFirstLine) {
  const Table with = read("a,b,y\n1,2,3\n\n4,5e-1,+6\n", -1, LabelKind::number).value();
  EXPECT_TRUE(with.has_header);
  EXPECT_EQ(with.feature_names, (Names{"a", "b"}));
  EXPECT_EQ(with.label_name, "y");
  EXPECT_EQ(with.features, (Numbers{1, 2, 4, 0.5}));
  EXPECT_EQ(with.numbers, (Numbers{3, 6}));
  const Table without = read("1,2,3\r\n4,5,6", 0, LabelKind::number).value();
  EXPECT_FALSE(without.has_header);
  EXPECT_EQ(without.feature_names, (Names{"x1", "x2"}));
  EXPECT_EQ(without.numbers, (Numbers{1, 4}));
  // The text of a label does not make a header.
  EXPECT_FALSE(read("1,2,yes\n4,5,no\n", 2, LabelKind::category).value().has_header);
}

TEST_F(TableTest, LabelByNameOrIndex) {
  const std::string text = "a,y,b\n1,2,3\n";
  EXPECT_EQ(read(text, "y", LabelKind::number).value().numbers, Numbers{2});
  EXPECT_EQ(read(text, 1, LabelKind::number).value().numbers, Numbers{2});
  EXPECT_EQ(read(text, -2, LabelKind::number).value().numbers, Numbers{2});
  EXPECT_EQ(fault(text, "z"), " has no column z; its first line is a, y, b");
  EXPECT_EQ(fault("digit,b\n1,2\n", "digits"), " has no column digits; did you mean digit?");
  EXPECT_EQ(fault(text, 3), " has 3 columns, none at 3");
  EXPECT_EQ(fault(text, -4), " has 3 columns, none at -4");
}

TEST_F(TableTest, TabsQuotesAndSpaces) {
  EXPECT_EQ(read("a\ty\n1\t2\n", "y", LabelKind::number, DataFormat::tsv).value().features, Numbers{1});
  const Table quoted =
      read("\"a, or b\",\"say \"\"y\"\"\"\n\"1\" , \"yes\"\n 2 ,\"no\"\n", 1, LabelKind::category).value();
  EXPECT_EQ(quoted.feature_names, Names{"a, or b"});
  EXPECT_EQ(quoted.label_name, "say \"y\"");
  EXPECT_EQ(quoted.features, (Numbers{1, 2}));
  EXPECT_EQ(quoted.category_names, (Names{"yes", "no"}));
}

TEST_F(TableTest, CategoriesThatAreOneNumberAreOne) {
  const Table table = read("1,0\n1,1.0\n1,1\n1,0.0e0\n", 1, LabelKind::category).value();
  EXPECT_EQ(table.category_names, (Names{"0", "1"}));
  EXPECT_EQ(table.categories, (std::vector<std::uint32_t>{0, 1, 1, 0}));
}

TEST_F(TableTest, EitherIsNumbersOnceOneIsNotAnInteger) {
  EXPECT_EQ(read("1,0\n1,1\n", 1, LabelKind::either).value().categories.size(), 2U);
  EXPECT_EQ(read("1,0\n1,1.5\n", 1, LabelKind::either).value().numbers, (Numbers{0, 1.5}));
  EXPECT_EQ(read("1,a\n1,1.5\n", 1, LabelKind::either).value().categories.size(), 2U);
}

TEST_F(TableTest, FaultsNameLineAndColumn) {
  EXPECT_EQ(fault("a,b,y\n1,2,3\n1,x,3\n"), "3: column 2 (b) is not a finite number: x");
  EXPECT_EQ(fault("a,b,y\n1,2,3\n1,,3\n"), "3: column 2 (b) is missing");
  EXPECT_EQ(fault("a,b,y\n1,NA,3\n"), "2: column 2 (b) is missing");
  EXPECT_EQ(fault("a,b,y\n1,inf,3\n"), "2: column 2 (b) is not a finite number: inf");
  EXPECT_EQ(fault("a,b,y\n1,1e999,3\n"), "2: column 2 (b) is not a finite number: 1e999");
  EXPECT_EQ(fault("a,b,y\n1,2,nan\n"), "2: column 3 (y) is missing");
  EXPECT_EQ(fault("a,b,y\n1,2,maybe\n"), "2: column 3 (y) is not a finite number: maybe");
  EXPECT_EQ(fault("a,b,y\n1,2,\n", -1, LabelKind::category), "2: column 3 (y) is missing");
  EXPECT_EQ(fault("a,b,y\n1,2\n"), "2: 2 columns where 3 are expected");
  EXPECT_EQ(fault("a,b,y\n1,2,3,4\n"), "2: 4 columns where 3 are expected");
  EXPECT_EQ(fault("a,b,y\n1,\"2,3\n"), "2: column 2 has a quote that does not end");
  EXPECT_EQ(fault("a,b,y\n1,\"2\"3,4\n"), "2: column 2 goes on behind its closing quote");
  EXPECT_EQ(fault("1 2 3\n"), "1: one column only: a label and at least one feature are needed");
  EXPECT_EQ(fault("a,b,y\n"), " has no rows");
  EXPECT_EQ(fault("\n\n"), " is empty");
}

}  // namespace
}  // namespace krige::trainer
