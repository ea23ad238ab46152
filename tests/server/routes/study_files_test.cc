// Study files that are checked before they become studies.
#include "tests/server/service_fixture.h"

namespace krige::server {
namespace {

const std::string kCheck = "/api/v1/study-files:check";

class StudyFilesTest : public ServiceTest {};

TEST_F(StudyFilesTest, YamlAndJsonBecomeTheSameCanonicalFileAndNoStudy) {
  const std::string yaml = "name: y\nmetric: {name: loss}\nparameters:\n  x: {type: float, min: 1.0e-3, max: 1.0}\n";
  const Answer from_yaml = post(kCheck, {{"text", yaml}});
  ASSERT_EQ(from_yaml.status, 200) << from_yaml.text;
  EXPECT_EQ(from_yaml.json["spec"]["parameters"]["x"]["min"], 1e-3);
  const Answer from_json = post(kCheck, {{"text", "\n " + from_yaml.json["spec"].dump()}});
  ASSERT_EQ(from_json.status, 200) << from_json.text;
  EXPECT_EQ(from_json.json["spec"], from_yaml.json["spec"]) << "the canonical form of itself";
  EXPECT_EQ(get("/api/v1/studies").json["studies"].size(), 0U);
  EXPECT_EQ(post("/api/v1/studies", from_yaml.json["spec"]).status, 201);
}

TEST_F(StudyFilesTest, EveryFaultIsNamed) {
  const Answer answer =
      post(kCheck, {{"text", "name: y\nparameters:\n  x: {type: float, min: 2, max: 1}\n  y: {type: flaot}\n"}});
  EXPECT_TRUE(is_problem(answer, 400, "invalid_argument", "parameters.x.min")) << answer.text;
  EXPECT_GE(answer.json["errors"].size(), 2U) << answer.text;
  EXPECT_TRUE(is_problem(post(kCheck, {{"text", "a: [1"}}), 400, "invalid_argument"));
  EXPECT_TRUE(is_problem(post(kCheck, {{"text", ""}}), 400, "invalid_argument"));
  EXPECT_TRUE(is_problem(post(kCheck, OrderedJson::object()), 400, "invalid_argument", "text"));
  EXPECT_TRUE(is_problem(post(kCheck, {{"text", "{}"}, {"txet", ""}}), 400, "invalid_argument", "txet"));
}

TEST_F(StudyFilesTest, DataOutsideTheServersFolderIsRefusedHereToo) {
  ServerOptions options;
  options.data_root = "/usr";
  start(options);
  const Answer answer = post(kCheck, {{"text",
                                       "parameters: {learning_rate: {type: float, min: 0.1, max: 1}}\n"
                                       "metric: {name: accuracy, goal: maximize}\n"
                                       "train: {model: softmax, data: {path: /etc/passwd, label: x}}\n"}});
  EXPECT_EQ(answer.status, 400) << answer.text;
}

}  // namespace
}  // namespace krige::server
