#include "server/audit/audit_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/server/temporary_folder.h"

namespace krige::server {
namespace {

AuditEvent event(const std::string& id) { return {{}, "alice", "admin", "POST", "/a", 200, id}; }

TEST(AuditLog, GivesTheNewestFirst) {
  const TemporaryFolder folder;
  const AuditLog log(folder.path());
  EXPECT_TRUE(log.latest(10)->empty());
  for (const char* id : {"1", "2", "3"}) ASSERT_TRUE(log.append(event(id)));
  const auto latest = log.latest(2);
  ASSERT_TRUE(latest);
  ASSERT_EQ(latest->size(), 2U);
  EXPECT_EQ(latest->at(0)["request_id"], "3");
  EXPECT_EQ(latest->at(1),
            OrderedJson::parse(R"({"time": "1970-01-01T00:00:00.000Z", "caller": "alice", "role": "admin",
      "method": "POST", "path": "/a", "status": 200, "request_id": "2"})"));
  struct stat about {};
  ASSERT_EQ(::stat((folder.path() / "audit.jsonl").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST(AuditLog, ThatRootBeginsIsOpenToTheServicesUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make files of others";
  constexpr uid_t kService = 65534;
  const TemporaryFolder folder;
  ASSERT_EQ(::chown(folder.path().c_str(), kService, kService), 0);
  ASSERT_TRUE(AuditLog(folder.path()).append(event("1")));
  struct stat about {};
  ASSERT_EQ(::stat((folder.path() / "audit.jsonl").c_str(), &about), 0);
  EXPECT_EQ(about.st_uid, kService);
}

TEST(AuditLog, PassesOverALineThatWasCutOff) {
  const TemporaryFolder folder;
  const AuditLog log(folder.path());
  ASSERT_TRUE(log.append(event("1")));
  std::ofstream(folder.path() / "audit.jsonl", std::ios::app) << "{\"time\": \"20";
  EXPECT_EQ(log.latest(10)->size(), 1U);
}

TEST(AuditLog, ReadsOnlyTheEndOfALongFile) {
  const TemporaryFolder folder;
  const AuditLog log(folder.path());
  {
    std::ofstream file(folder.path() / "audit.jsonl");
    for (int i = 0; i < 40'000; ++i)
      file << R"({"request_id":"old","padding":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"})" << '\n';
  }
  ASSERT_TRUE(log.append(event("new")));
  const auto latest = log.latest(1000);
  ASSERT_TRUE(latest);
  EXPECT_EQ(latest->size(), 1000U);
  EXPECT_EQ(latest->front()["request_id"], "new");
}

TEST(AuditLog, LinesOfManyThreadsStayWhole) {
  const TemporaryFolder folder;
  const AuditLog log(folder.path());
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int k = 0; k < 50; ++k) EXPECT_TRUE(log.append(event(std::string(200, 'x'))));
      });
  }
  EXPECT_EQ(log.latest(1000)->size(), 200U);
}

}  // namespace
}  // namespace krige::server
