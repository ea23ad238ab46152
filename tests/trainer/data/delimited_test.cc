#include "trainer/data/delimited.h"

#include <cmath>

#include "tests/trainer/data/support.h"
#include "trainer/data/line_chunks.h"

namespace krige::trainer {
namespace {

using testing::features_of;
using testing::vector_of;
using Label = std::variant<std::string, std::int64_t>;
using Names = std::vector<std::string>;
using Numbers = std::vector<float>;

class DelimitedTest : public testing::DataTest {
 protected:
  Result<Table> read(const std::string& content, Label label, LabelKind kind, TrainData data = {}) {
    data.label = std::move(label);
    return testing::converted(file("table", content), data, kind);
  }
  // The message behind the path.
  std::string fault(const std::string& content, Label label = -1, LabelKind kind = LabelKind::number,
                    TrainData data = {}) {
    const Result<Table> table = read(content, std::move(label), kind, std::move(data));
    if (table) return "no error";
    EXPECT_EQ(table.error().code, ErrorCode::invalid_argument);
    const std::string path = folder_ / "table";
    EXPECT_TRUE(table.error().message.starts_with(path + ":")) << table.error().message;
    return table.error().message.substr(path.size() + 1);
  }
  // As in the class's targets: names, in the order of the rows.
  static Names classes_of(const Table& table) {
    Names names;
    for (const float target : table.targets()) names.push_back(table.info().classes[static_cast<std::size_t>(target)]);
    return names;
  }
};

TEST_F(DelimitedTest, HeaderIsToldFromTheFirstLines) {
  const Table with = read("a,b,y\n1,2,3\n\n4,5e-1,+6\n", -1, LabelKind::number).value();
  EXPECT_TRUE(with.info().has_header);
  EXPECT_EQ(with.info().names, (Names{"a", "b"}));
  EXPECT_EQ(with.info().label, "y");
  EXPECT_EQ(features_of(with), (Numbers{1, 2, 4, 0.5}));
  EXPECT_EQ(vector_of(with.targets()), (Numbers{3, 6}));
  const Table without = read("1,2,3\r\n4,5,6", 0, LabelKind::number).value();
  EXPECT_FALSE(without.info().has_header);
  EXPECT_EQ(without.info().names, (Names{"x1", "x2"}));
  EXPECT_EQ(vector_of(without.targets()), (Numbers{1, 4}));
  // The text of a label does not make a header, nor does that of a category.
  EXPECT_FALSE(read("1,2,yes\n4,5,no\n", 2, LabelKind::category).value().info().has_header);
  EXPECT_FALSE(read("0,tcp,yes\n1,udp,no\n", 2, LabelKind::category).value().info().has_header);
  EXPECT_TRUE(read("shape,color,y\nround,red,1\n", 2, LabelKind::number).value().info().has_header);
  TrainData said;
  said.header = false;
  EXPECT_EQ(read("round,red,1\nflat,blue,2\n", 2, LabelKind::number, said).value().info().rows, 2U);
  said.header = true;
  EXPECT_EQ(read("1,2,3\n4,5,6\n", 2, LabelKind::number, said).value().info().names, (Names{"1", "2"}));
}

TEST_F(DelimitedTest, LabelByNameOrIndex) {
  const std::string text = "a,y,b\n1,2,3\n";
  for (const Label& label : {Label("y"), Label(1), Label(-2)})
    EXPECT_EQ(vector_of(read(text, label, LabelKind::number).value().targets()), Numbers{2});
  EXPECT_EQ(fault(text, "z"), " has no column z; its first line is a, y, b");
  EXPECT_EQ(fault("digit,b\n1,2\n", "digits"), " has no column digits; did you mean digit?");
  EXPECT_EQ(fault(text, 3), " has 3 columns, none at 3");
  EXPECT_EQ(fault(text, -4), " has 3 columns, none at -4");
}

TEST_F(DelimitedTest, TabsQuotesAndSpaces) {
  TrainData tsv;
  tsv.format = DataFormat::tsv;
  EXPECT_EQ(features_of(read("a\ty\n1\t2\n", "y", LabelKind::number, tsv).value()), Numbers{1});
  const Table quoted =
      read("\"a, or b\",\"say \"\"y\"\"\"\n\"1\" , \"yes\"\n 2 ,\"no\"\n", 1, LabelKind::category).value();
  EXPECT_EQ(quoted.info().names, Names{"a, or b"});
  EXPECT_EQ(quoted.info().label, "say \"y\"");
  EXPECT_EQ(features_of(quoted), (Numbers{1, 2}));
  EXPECT_EQ(classes_of(quoted), (Names{"yes", "no"}));
}

TEST_F(DelimitedTest, LabelsThatAreOneNumberAreOneClass) {
  const Table table = read("1,0\n1,1.0\n1,1\n1,0.0e0\n", 1, LabelKind::category).value();
  EXPECT_EQ(table.info().classes, (Names{"0", "1"}));
  EXPECT_EQ(vector_of(table.targets()), (Numbers{0, 1, 1, 0}));
}

TEST_F(DelimitedTest, EitherIsNumbersOnceOneIsNotAnInteger) {
  EXPECT_EQ(read("1,0\n1,1\n", 1, LabelKind::either).value().info().classes.size(), 2U);
  const Table real = read("1,0\n1,1.5\n", 1, LabelKind::either).value();
  EXPECT_TRUE(real.info().classes.empty());
  EXPECT_EQ(vector_of(real.targets()), (Numbers{0, 1.5}));
  EXPECT_EQ(read("1,a\n1,1.5\n", 1, LabelKind::either).value().info().classes.size(), 2U);
  // Also when it comes behind the lines that were looked at first.
  std::string text;
  while (text.size() < 2 * LineChunks::kChunkBytes) text += "1,3\n";
  const Table late = read(text + "1,0.5\n", 1, LabelKind::either).value();
  EXPECT_TRUE(late.info().classes.empty());
  EXPECT_EQ(late.targets().front(), 3);
  EXPECT_EQ(late.targets().back(), 0.5);
}

TEST_F(DelimitedTest, TextIsOneIndicatorACategory) {
  const Table table = read("a,color,y\n1,red,5\n2,blue,6\n3,red,7\n", "y", LabelKind::number).value();
  EXPECT_EQ(table.info().layout, Layout::csr);
  EXPECT_EQ(table.info().names, (Names{"a", "color=blue", "color=red"}));
  EXPECT_EQ(features_of(table), (Numbers{1, 0, 1, 2, 1, 0, 3, 0, 1}));
  TrainData ids;
  ids.categorical_columns = {"user", "item"};
  ids.ignore_columns = {"time"};
  const Table named = read("user,item,y,time\n10,1,3,99\n9,1,4,x\n", "y", LabelKind::number, ids).value();
  EXPECT_EQ(named.info().names, (Names{"user=9", "user=10", "item=1"}));
  EXPECT_TRUE(named.info().unit_values);
  EXPECT_EQ(features_of(named), (Numbers{0, 1, 1, 1, 0, 1}));
}

TEST_F(DelimitedTest, CategoriesAreHashedOnDemand) {
  TrainData hash;
  hash.categorical = Categorical::hash;
  hash.hash_bits = 4;
  const std::string text = "a,u,v,y\n1,red,x,5\n2,blue,x,6\n3,red,y,7\n";
  const Table table = read(text, "y", LabelKind::number, hash).value();
  EXPECT_EQ(table.info().columns, 17U);
  EXPECT_TRUE(table.info().names.empty());
  const Numbers all = features_of(table);
  for (std::size_t row = 0; row < 3; ++row) {
    float sum = 0;
    for (std::size_t c = 1; c < 17; ++c) sum += all[row * 17 + c];
    EXPECT_EQ(sum, 2);  // two categories a row, whether they meet or not
  }
  // With one feature for all they always meet; ids stay ascending.
  hash.hash_bits = 1;
  const Table narrow = read("a,u,v,w,y\n1,p,q,r,5\n2,s,t,u,6\n", "y", LabelKind::number, hash).value();
  for (std::size_t row = 0; row < 2; ++row)
    for (auto e = narrow.offsets()[row] + 1; e < narrow.offsets()[row + 1]; ++e)
      EXPECT_LT(narrow.ids()[e - 1], narrow.ids()[e]);
}

TEST_F(DelimitedTest, AFurtherFileHasTheColumnsOfTheFirst) {
  TrainData data;
  data.label = "y";
  const std::string first = file("first", "a,color,y\n1,red,p\n2,blue,q\n");
  data.path = first;
  const Table table = testing::converted(first, data, LabelKind::category).value();
  const auto further = [&](const std::string& text) {
    return testing::converted(file("further", text), data, LabelKind::category, &table.info());
  };
  // A category that is new has no indicator; the order of classes is the first file's.
  const Table more = further("a,color,y\n3,green,q\n4,red,p\n").value();
  EXPECT_EQ(features_of(more), (Numbers{3, 0, 0, 4, 0, 1}));
  EXPECT_EQ(vector_of(more.targets()), (Numbers{1, 0}));
  EXPECT_EQ(features_of(further("5,blue,q\n").value()), (Numbers{5, 1, 0}));  // without a header
  const std::string path = folder_ / "further";
  EXPECT_EQ(further("b,color,y\n1,red,p\n").error().message, path + ": has other columns than " + first);
  EXPECT_EQ(further("a,y\n1,p\n").error().message, path + ": has other columns than " + first);
  EXPECT_EQ(further("a,color,y\n1,red,r\n").error().message, path + ": the training data has no class r");
}

TEST_F(DelimitedTest, FaultsNameLineAndColumn) {
  EXPECT_EQ(fault("a,b,y\n1,2,3\n1,x,3\n"), "3: column 2 (b) is not a finite number: x");
  EXPECT_EQ(fault("a,b,y\n1,2,3\n1,,3\n"), "3: column 2 (b) is missing");
  EXPECT_EQ(fault("a,b,y\n1,NA,3\n"), "2: column 2 (b) is missing");
  EXPECT_EQ(fault("a,b,y\n1,inf,3\n"), "2: column 2 (b) is not a finite number: inf");
  EXPECT_EQ(fault("a,b,y\n1,1e999,3\n"), "2: column 2 (b) is not a finite number: 1e999");
  EXPECT_EQ(fault("a,b,y\n1,1e39,3\n"), "2: column 2 (b) is not a finite number: 1e39");
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
  EXPECT_EQ(fault(""), " is empty");
}

TEST_F(DelimitedTest, TheFirstFaultIsToldWhicheverThreadFindsOne) {
  std::string text = "a,y\n";
  std::size_t lines = 1;
  for (std::size_t chunk = 1; chunk < 6; ++chunk) {
    for (; text.size() < chunk * LineChunks::kChunkBytes; ++lines) text += "1.25,3\n";
    text += "x,3\n";
    ++lines;
    if (chunk == 1) {
      EXPECT_EQ(fault(text), std::to_string(lines) + ": column 1 (a) is not a finite number: x");
    }
  }
  const std::size_t first = LineChunks::kChunkBytes / 7 + 2;
  const std::string told = fault(text);
  EXPECT_NEAR(std::stod(told), static_cast<double>(first), 2) << told;
  TrainData skip;
  skip.on_error = OnError::skip;
  const Table table = read(text, -1, LabelKind::number, skip).value();
  EXPECT_EQ(table.info().skipped, 5U);
  EXPECT_EQ(table.info().rows, lines - 6);
}

TEST_F(DelimitedTest, SkippedRowsAreCountedAndLeaveNothing) {
  TrainData skip;
  skip.on_error = OnError::skip;
  const Table table =
      read("a,c,y\n1,u,p\n2,v\n3,w,p,1\nx,w,q\n4,\"u,q\n5,u,r\n", "y", LabelKind::category, skip).value();
  EXPECT_EQ(table.info().skipped, 4U);
  EXPECT_EQ(table.info().classes, (Names{"p", "r"}));
  EXPECT_EQ(table.info().names, (Names{"a", "c=u"}));
  EXPECT_EQ(features_of(table), (Numbers{1, 1, 5, 1}));
}

TEST_F(DelimitedTest, MissingValuesAreKeptOrTheirRowsLeftOut) {
  const std::string text = "a,b,y\n1,2,3\n?,4,5\n6,,7\n";
  TrainData data;
  data.missing = Missing::skip;
  const Table skipped = read(text, "y", LabelKind::number, data).value();
  EXPECT_EQ(features_of(skipped), (Numbers{1, 2}));
  EXPECT_EQ(skipped.info().skipped, 2U);
  data.missing = Missing::mean;
  const Table kept = read(text, "y", LabelKind::number, data).value();
  EXPECT_TRUE(kept.info().has_missing);
  EXPECT_TRUE(std::isnan(kept.features()[2]));
  EXPECT_TRUE(std::isnan(kept.features()[5]));
  EXPECT_EQ(kept.info().skipped, 0U);
  EXPECT_EQ(fault("a,y\n1,\n", "y", LabelKind::number, data), "2: column 2 (y) is missing");
}

}  // namespace
}  // namespace krige::trainer
