#include <filesystem>
#include <fstream>

#include "server/auth/token_store.h"
#include "tests/server/service_fixture.h"
#include "tests/server/temporary_folder.h"

namespace krige::server {
namespace {

namespace fs = std::filesystem;

class LogsTest : public ServiceTest {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.data_dir = folder_.path().string();
    // Of a study that was deleted when the service could not remove them any more.
    fs::create_directories(logs() / "abcdefghijklmnop");
    start(options);
    local_ = {{"Authorization", "Bearer " + local_token(folder_.path()).value_or("")}};
    study_ = post("/api/v1/studies", study_file(), local_).header("Location");
    post(study_ + "/trials:suggest", OrderedJson::object(), local_);
  }
  [[nodiscard]] fs::path logs() const { return folder_.path() / "logs"; }
  [[nodiscard]] fs::path of_study() const { return logs() / study_.substr(study_.rfind('/') + 1); }
  void write(const std::string& text) {
    fs::create_directories(of_study());
    std::ofstream(of_study() / "1-1.log") << text;
  }
  Answer log(const std::string& query, const std::string& attempt = "1") {
    return get(study_ + "/trials/1/attempts/" + attempt + "/logs" + query, local_);
  }

  TemporaryFolder folder_;
  Fields local_;
  std::string study_;
};

TEST_F(LogsTest, ShowsTheEndOrWhatComesBehindAnOffset) {
  write("one\ntwo\nthree\n");
  const Answer whole = log("");
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.text, "one\ntwo\nthree\n");
  EXPECT_EQ(whole.header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(whole.header("X-Log-Size"), "14");
  const Answer tail = log("?tail=8");
  EXPECT_EQ(tail.text, "three\n");
  EXPECT_EQ(tail.header("X-Log-Offset"), "8");
  EXPECT_EQ(log("?offset=4").text, "two\nthree\n");
  EXPECT_EQ(log("?offset=14").text, "");
}

TEST_F(LogsTest, SaysWhatIsNotThere) {
  EXPECT_TRUE(is_problem(log(""), 404, "not_found"));
  write("x");
  EXPECT_TRUE(is_problem(log("", "2"), 404, "not_found"));
  EXPECT_TRUE(is_problem(log("", "..%2f1"), 404, "not_found"));
  EXPECT_TRUE(is_problem(log("?tail=1048577"), 400, "invalid_argument", "tail"));
  EXPECT_TRUE(is_problem(log("?tail=1&offset=1"), 400, "invalid_argument", "tail"));
  EXPECT_TRUE(is_problem(get(study_ + "/trials/1/attempts/1/logs"), 401, "unauthenticated"));
}

TEST_F(LogsTest, GoWithTheirStudy) {
  EXPECT_FALSE(fs::exists(logs() / "abcdefghijklmnop"));
  write("x");
  EXPECT_EQ(send("DELETE", study_, "", local_).status, 204);
  EXPECT_FALSE(fs::exists(of_study()));
}

}  // namespace
}  // namespace krige::server
