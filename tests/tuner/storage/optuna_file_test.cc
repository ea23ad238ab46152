#include "tuner/storage/optuna_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "base/ids.h"

namespace krige::tuner {
namespace {

using ::testing::HasSubstr;

class OptunaFile : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }

  static void run(const std::string& file, const std::string& sql) {
    soci::session session(soci::sqlite3, "dbname=\"" + file + "\"");
    for (std::size_t at = 0; at < sql.size();) {
      const std::size_t end = std::min(sql.find(";\n", at), sql.size());
      session << sql.substr(at, end - at);
      at = end + 2;
    }
  }
  // As Optuna 3.1.0 itself makes it (script/golden-optuna).
  [[nodiscard]] std::string golden() const {
    const std::string file = path("golden.db");
    if (!std::filesystem::exists(file))
      run(file, read_file(KRIGE_SOURCE_DIR "/tests/golden/optuna/optuna-3.1.0.sql").value());
    return file;
  }
  // Tables, columns and their types.
  static std::vector<std::string> schema(const std::string& file) {
    soci::session session(soci::sqlite3, "dbname=\"" + file + "\"");
    const soci::rowset<std::string> rows =
        (session.prepare
         << "SELECT m.name || '.' || p.name || ' ' || p.type || ' ' || p.\"notnull\" || ' ' || p.pk FROM "
            "sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' ORDER BY m.name, "
            "p.cid");
    return {rows.begin(), rows.end()};
  }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("krige-optuna-" + random_id(8));
  std::vector<std::string> notes_;
};

TEST_F(OptunaFile, WhatOptunaWroteIsRead) {
  const Result<OrderedJson> document = read_optuna_study(golden(), "first", notes_);
  ASSERT_TRUE(document) << document.error().describe();
  EXPECT_EQ((*document)["study"]["spec"].dump(),
            R"({"name":"first","metric":{"name":"value","goal":"minimize"},"parameters":{)"
            R"("kind":{"type":"categorical","values":["a",2,true]},)"
            R"("rate":{"type":"float","min":0.0001,"max":1.0,"scale":"log"},)"
            R"("width":{"type":"int","min":8,"max":64,"step":8},"x":{"type":"float","min":-5.0,"max":10.0}}})");
  const OrderedJson& trials = (*document)["trials"];
  ASSERT_EQ(trials.size(), 5U);
  EXPECT_EQ(trials[0].dump(),
            R"({"id":1,"state":"COMPLETED","reason":"","params":{"kind":"a","rate":0.07608481233714794,"width":8,)"
            R"("x":1.2553300705386103},"value":10.65193839833562})");
  EXPECT_EQ(trials[2]["state"], "PRUNED");
  EXPECT_EQ(trials[2]["params"]["kind"], 2);
  EXPECT_EQ(trials[3]["state"], "FAILED");
  EXPECT_EQ(trials[3]["params"]["kind"], true);
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_THAT(notes_[0], HasSubstr("parameter sometimes is left out"));
}

TEST_F(OptunaFile, SeveralObjectivesAreRead) {
  const Result<OrderedJson> document = read_optuna_study(golden(), "pair", notes_);
  ASSERT_TRUE(document) << document.error().describe();
  EXPECT_EQ((*document)["study"]["spec"]["objectives"].dump(),
            R"([{"name":"value_0","goal":"minimize"},{"name":"value_1","goal":"maximize"}])");
  EXPECT_EQ((*document)["trials"][1]["values"].dump(), R"({"value_0":0.75,"value_1":3.0})");
}

TEST_F(OptunaFile, WhatIsWrittenHasOptunasTablesAndIsReadBack) {
  const OrderedJson document = read_optuna_study(golden(), "first", notes_).value();
  const Status written = write_optuna_study(path("ours.db"), "again", document);
  ASSERT_TRUE(written) << written.error().describe();
  EXPECT_EQ(schema(path("ours.db")), schema(golden()));
  OrderedJson back = read_optuna_study(path("ours.db"), "", notes_).value();
  EXPECT_EQ(back["study"]["spec"]["name"], "again");
  back["study"]["spec"]["name"] = "first";
  EXPECT_EQ(back.dump(), document.dump());
  // And is added to what is there.
  ASSERT_TRUE(write_optuna_study(golden(), "third", document));
  EXPECT_EQ(read_optuna_study(golden(), "third", notes_)->at("trials").size(), 5U);
}

TEST_F(OptunaFile, ConstraintsTimesAndReasonsAreWritten) {
  const OrderedJson document = parse_json(R"({"study": {"spec": {"metric": {"name": "loss", "goal": "minimize"},
    "constraints": [{"name": "memory", "min": 1, "max": 10}], "parameters": {"x": {"type": "float", "min": 0, "max": 1}}}},
    "trials": [{"id": 7, "state": "COMPLETED", "reason": "", "params": {"x": 0.5}, "value": 3,
      "constraints": {"memory": {"value": 12, "feasible": false}}, "created_at": "2026-01-31T12:00:00.250Z", "ended_at": "2026-01-31T12:00:01.000Z"},
     {"id": 8, "state": "FAILED", "reason": "broke", "params": {"x": 0.25}, "value": null},
     {"id": 9, "state": "RUNNING", "reason": "", "params": {"x": 0.75}, "value": null, "ended_at": null}]})")
                                   .value();
  ASSERT_TRUE(write_optuna_study(path("ours.db"), "s", document));
  soci::session session(soci::sqlite3, "dbname=\"" + path("ours.db") + "\"");
  const auto one = [&](const std::string& sql) {
    std::string answer;
    session << sql, soci::into(answer);
    return answer;
  };
  EXPECT_EQ(one("SELECT group_concat(state) FROM trials"), "COMPLETE,FAIL");
  EXPECT_EQ(one("SELECT value_json FROM trial_system_attributes WHERE \"key\" = 'constraints'"), "[-11.0,2.0]");
  EXPECT_EQ(one("SELECT value_json FROM trial_user_attributes WHERE \"key\" = 'krige:reason'"), "\"broke\"");
  EXPECT_EQ(one("SELECT substr(datetime_start, 18) FROM trials WHERE number = 0"), "00.250000");
}

TEST_F(OptunaFile, Faults) {
  const auto error = [&](const std::string& file, const std::string& name) {
    const auto read = read_optuna_study(file, name, notes_);
    return read ? std::string("no error") : read.error().describe();
  };
  EXPECT_THAT(error(golden(), ""), HasSubstr("has several studies: name one of first, pair"));
  EXPECT_THAT(error(golden(), "none"), HasSubstr("has no study none"));
  ASSERT_TRUE(write_file_atomically(path("text"), "something else"));
  EXPECT_THAT(error(path("text"), ""), HasSubstr("is no store of Optuna's"));
  run(path("other.db"), "CREATE TABLE t (a)");
  EXPECT_THAT(error(path("other.db"), ""), HasSubstr("is no store of Optuna's"));
  const OrderedJson document = read_optuna_study(golden(), "first", notes_).value();
  const Status taken = write_optuna_study(golden(), "first", document);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::already_exists);
  run(golden(), "UPDATE version_info SET schema_version = 99");
  EXPECT_THAT(error(golden(), "first"), HasSubstr("has version 99 of Optuna's schema"));
}

}  // namespace
}  // namespace krige::tuner
