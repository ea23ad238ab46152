#include "tuner/storage/migrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>

#include <array>

#include "tests/tuner/storage/golden.h"
#include "tests/tuner/storage/support.h"
#include "tuner/storage/sqlite_dialect.h"

namespace krige::tuner {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

constexpr std::array<std::string_view, 2> kNext{"CREATE TABLE next (a BIGINT PRIMARY KEY, b TEXT) {keyed}",
                                                "INSERT INTO next VALUES (7, 'seven')"};
constexpr std::array<std::string_view, 2> kBroken{"CREATE TABLE later (a BIGINT)", "INSERT INTO nowhere VALUES (1)"};

template <typename T>
T ask(SqlDialect& dialect, const std::string& query) {
  T answer{};
  dialect.session() << query, soci::into(answer);
  return answer;
}

// This program's migrations and then `more`.
std::vector<Migration> known_and(std::initializer_list<Migration> more) {
  std::vector<Migration> all(migrations().begin(), migrations().end());
  all.insert(all.end(), more);
  return all;
}

class MigrateTest : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<SqlDialect> open() const { return open_sqlite_dialect(path_).value(); }
  TemporaryFolder folder_;
  std::string path_ = folder_.file("krige.db");
  long long newest_ = static_cast<long long>(migrations().size());
};

TEST_F(MigrateTest, ANewStoreGetsEveryVersionInTurn) {
  const std::unique_ptr<SqlDialect> dialect = open();
  ASSERT_TRUE(migrate(*dialect, known_and({kNext}), 1234));
  EXPECT_EQ(ask<long long>(*dialect, "SELECT max(version) FROM schema_version"), newest_ + 1);
  EXPECT_EQ(ask<long long>(*dialect, "SELECT count(*) FROM schema_version"), newest_ + 1);
  EXPECT_EQ(ask<long long>(*dialect, "SELECT min(applied_at) FROM schema_version"), 1234);
  EXPECT_EQ(ask<std::string>(*dialect, "SELECT b FROM next WHERE a = 7"), "seven");
}

TEST_F(MigrateTest, AnOlderStoreGetsWhatItMissesOnce) {
  { ASSERT_TRUE(migrate(*open(), migrations(), 1)); }
  { ASSERT_TRUE(migrate(*open(), known_and({kNext}), 2)); }
  const std::unique_ptr<SqlDialect> dialect = open();
  ASSERT_TRUE(migrate(*dialect, known_and({kNext}), 3));
  EXPECT_EQ(ask<long long>(*dialect, "SELECT applied_at FROM schema_version WHERE version = 1"), 1);
  EXPECT_EQ(ask<long long>(*dialect, "SELECT max(applied_at) FROM schema_version"), 2);
}

TEST_F(MigrateTest, AMigrationThatFailsLeavesNothing) {
  const std::unique_ptr<SqlDialect> dialect = open();
  const Status broken = migrate(*dialect, known_and({kNext, kBroken}), 1);
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, HasSubstr(path_));
  EXPECT_EQ(ask<long long>(*dialect, "SELECT max(version) FROM schema_version"), newest_ + 1);
  EXPECT_EQ(ask<long long>(*dialect, "SELECT count(*) FROM sqlite_master WHERE name = 'later'"), 0);
  EXPECT_TRUE(migrate(*dialect, known_and({kNext}), 1));
}

TEST_F(MigrateTest, ANewerStoreIsRefusedAndKept) {
  { ASSERT_TRUE(migrate(*open(), known_and({kNext}), 1)); }
  const Result<std::unique_ptr<Storage>> refused = open_sqlite_storage(path_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("has version " + std::to_string(newest_ + 1)));
  EXPECT_THAT(refused.error().message, HasSubstr("versions up to " + std::to_string(newest_)));
  EXPECT_THAT(refused.error().message, HasSubstr(path_));
  EXPECT_TRUE(migrate(*open(), known_and({kNext}), 1));
}

struct GoldenStore {
  int version;
  const char* store_id;
  [[nodiscard]] std::string file() const { return "v" + std::to_string(version) + ".sqlite"; }
};

class GoldenStoreTest : public testing::TestWithParam<GoldenStore> {};

// A store of each version ever released opens and holds what was written.
TEST_P(GoldenStoreTest, OpensForEver) {
  const TemporaryFolder folder;
  const std::string path = folder.file("krige.db");
  std::filesystem::copy_file(std::string(KRIGE_SOURCE_DIR "/tests/golden/storage/") + GetParam().file(), path);
  std::filesystem::permissions(path, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
  {
    const Result<std::unique_ptr<Storage>> opened = open_sqlite_storage(path);
    ASSERT_TRUE(opened) << opened.error().describe();
    Storage& store = **opened;
    EXPECT_EQ(store.store_id(), GetParam().store_id);
    const std::vector<StudyRow> rows = golden_rows();
    EXPECT_THAT(store.studies().value(), ElementsAreArray(rows));
    EXPECT_THAT(store.trials(rows[0].id).value(), ElementsAreArray(golden_trials(GetParam().version)));
    EXPECT_THAT(store.records(rows[0].id, 1).value(), ElementsAreArray(golden_records()));
    EXPECT_THAT(store.events(rows[0].id, 0, 100).value(), ElementsAreArray(golden_events()));
    EXPECT_TRUE(store.trials(rows[1].id).value().empty());
    EXPECT_EQ(store.kept_answer("key-1").value(),
              GetParam().version >= 2 ? std::optional(golden_answer()) : std::nullopt);
    EXPECT_EQ(store.commit(change_of(rows[0].id, 2, 4)).value(), 5U);
  }
  const std::unique_ptr<SqlDialect> dialect = open_sqlite_dialect(path).value();
  EXPECT_EQ(ask<long long>(*dialect, "SELECT max(version) FROM schema_version"),
            static_cast<long long>(migrations().size()));
}

INSTANTIATE_TEST_SUITE_P(Versions, GoldenStoreTest,
                         testing::Values(GoldenStore{1, "empm45gygy7z2cmc"}, GoldenStore{2, "vacjt25ad7tdhneu"},
                                         GoldenStore{3, "uhl6p6zckl3lx6ma"}),
                         [](const auto& golden) { return "v" + std::to_string(golden.param.version); });

}  // namespace
}  // namespace krige::tuner
