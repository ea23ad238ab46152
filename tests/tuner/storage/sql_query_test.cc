#include "tuner/storage/sql_query.h"

#include <gtest/gtest.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <cstdint>
#include <vector>

namespace krige::tuner {
namespace {

using Numbers = std::vector<std::int64_t>;

class SqlQueryTest : public testing::Test {
 protected:
  SqlQueryTest() : session_(soci::sqlite3, "dbname=:memory:") {
    session_ << "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)";
  }
  Numbers ids(const std::string& condition) {
    Numbers found;
    SqlQuery<std::tuple<std::int64_t>()> query{session_, "SELECT id FROM t WHERE " + condition + " ORDER BY id"};
    query.each([&](std::int64_t id) { found.push_back(id); });
    return found;
  }
  soci::session session_;
};

TEST_F(SqlQueryTest, APreparedStatementIsUsedAgain) {
  SqlQuery<std::tuple<>(std::int64_t, std::optional<std::string>)> add{session_, "INSERT INTO t VALUES (:id, :name)"};
  add.run(1, "one");
  add.run(2, std::nullopt);
  add.run(3, "three");
  EXPECT_EQ(ids("name IS NULL"), Numbers{2});
  SqlQuery<std::tuple<std::optional<std::string>>(std::int64_t)> name{session_, "SELECT name FROM t WHERE id = :id"};
  EXPECT_EQ(std::get<0>(name.row(1).value()), "one");
  EXPECT_EQ(std::get<0>(name.row(2).value()), std::nullopt);
  EXPECT_EQ(name.row(4), std::nullopt);
  EXPECT_EQ(std::get<0>(name.row(3).value()), "three");
}

TEST_F(SqlQueryTest, ItWorksAgainAfterAnError) {
  SqlQuery<std::tuple<>(std::int64_t, std::string)> add{session_, "INSERT INTO t VALUES (:id, :name)"};
  add.run(1, "one");
  EXPECT_THROW(add.run(1, "again"), soci::soci_error);
  add.run(2, "two");
  EXPECT_EQ(ids("name <> 'again'"), (Numbers{1, 2}));
}

TEST_F(SqlQueryTest, AScanLeavesNoReadTransactionOpen) {
  for (int i = 0; i < 3; ++i) session_ << "INSERT INTO t VALUES (:id, '')", soci::use(i);
  EXPECT_EQ(ids("1 = 1"), (Numbers{0, 1, 2}));
  EXPECT_NO_THROW(session_ << "DROP TABLE t") << "refused while a statement is half-way";
}

}  // namespace
}  // namespace krige::tuner
