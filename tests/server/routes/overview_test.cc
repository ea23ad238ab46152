// All trials at once: their history, and the sample that stands for them.
#include "tests/server/service_fixture.h"

namespace krige::server {
namespace {

class OverviewTest : public ServiceTest {
 protected:
  std::string filled(int count) {
    std::string study = make_study({{"budget", {{"max_trials", 5000}}}});
    for (int i = 0; i < count; ++i)
      EXPECT_EQ(post(study + "/trials", {{"params", {{"x", i / 1000.0}}}, {"value", (i * 7) % count}}).status, 201);
    EXPECT_EQ(post(study + "/trials", {{"params", {{"x", 0.5}}}, {"state", "FAILED"}}).status, 201);
    return study;
  }
};

TEST_F(OverviewTest, TheHistoryHasEveryTrialThatEndedAndEachImprovement) {
  const std::string study = filled(10);
  post(study + "/trials", {{"params", {{"x", 0.25}}}});
  const Answer answer = get(study + "/history");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.json["objective"], "value");
  EXPECT_EQ(answer.json["goal"], "minimize");
  EXPECT_EQ(answer.json["trials"], 12);
  EXPECT_EQ(answer.json["completed"].size(), 10U);
  EXPECT_EQ(answer.json["completed"][1], OrderedJson::parse("[2, 7.0]"));
  EXPECT_EQ(answer.json["improvements"], OrderedJson::parse("[[1, 0.0]]"));
  EXPECT_EQ(answer.json["lost"], OrderedJson::parse("[11]"));
  EXPECT_EQ(answer.json["seq"], get(study).json["seq"]);
}

TEST_F(OverviewTest, ALongHistoryIsThinnedOutAndKeepsItsExtremes) {
  const std::string study = filled(300);
  const OrderedJson history = get(study + "/history?points=40").json;
  EXPECT_LE(history["completed"].size(), 40U);
  EXPECT_GE(history["completed"].size(), 20U);
  const OrderedJson& completed = history["completed"];
  const auto has = [&](double value) {
    return std::ranges::any_of(completed, [&](const OrderedJson& point) { return point[1] == value; });
  };
  EXPECT_TRUE(has(0) && has(299));
  EXPECT_EQ(history["lost"].size(), 1U);
}

TEST_F(OverviewTest, ASampleHasColumnsOfTheBestAndAnEvenChoiceOfTheOthers) {
  const std::string study = filled(300);
  const OrderedJson all = get(study + "/trials:sample").json;
  EXPECT_EQ(all["trials"].size(), 300U) << "the failed one has no value";
  EXPECT_EQ(all["values"]["value"].size(), 300U);
  EXPECT_EQ(all["params"]["x"][2], 0.002);
  EXPECT_EQ(all["distribution"].front(), 0.0);
  EXPECT_EQ(all["distribution"].back(), 299.0);
  EXPECT_EQ(all["hypervolume"], nullptr);
  const OrderedJson some = get(study + "/trials:sample?limit=50").json;
  EXPECT_EQ(some["trials"].size(), 50U);
  EXPECT_EQ(some["valued"], 300);
  EXPECT_EQ(some["chosen"], 300);
  for (const double best : {0.0, 1.0, 2.0, 3.0, 4.0})
    EXPECT_TRUE(std::ranges::count(some["values"]["value"], OrderedJson(best)) == 1) << best;
  EXPECT_EQ(some["distribution"], all["distribution"]) << "of all trials";
  const OrderedJson top = get(study + "/trials:sample?top=10").json;
  EXPECT_EQ(top["chosen"], 30);
  EXPECT_EQ(std::ranges::max(top["values"]["value"].get<std::vector<double>>()), 29);
}

TEST_F(OverviewTest, OfSeveralObjectivesTheFrontIsKeptAndMeasured) {
  const std::string study = make_study({{"metric", nullptr},
                                        {"objectives",
                                         {{{"name", "a"}, {"goal", "minimize"}, {"reference", 4}},
                                          {{"name", "b"}, {"goal", "maximize"}, {"reference", 0}}}},
                                        {"constraints", {{{"name", "memory"}, {"max", 10}}}},
                                        {"budget", {{"max_trials", 50}}}});
  const auto add = [&](double a, double b, double memory) {
    EXPECT_EQ(
        post(study + "/trials", {{"params", {{"x", a / 10}}}, {"metrics", {{"a", a}, {"b", b}, {"memory", memory}}}})
            .status,
        201);
  };
  add(1, 2, 1);
  add(3, 3, 1);
  add(3, 1, 1);
  add(0, 9, 99);
  const OrderedJson sample = get(study + "/trials:sample?objective=b").json;
  EXPECT_EQ(sample["objective"], "b");
  EXPECT_EQ(sample["optimal"], OrderedJson::parse("[1, 2]"));
  EXPECT_EQ(sample["feasible"], OrderedJson::parse("[true, true, true, false]"));
  EXPECT_EQ(sample["values"]["a"], OrderedJson::parse("[1.0, 3.0, 3.0, 0.0]"));
  // Below (4, 0): 3 × 2 of the first, and 1 × 1 more of the second.
  EXPECT_EQ(sample["hypervolume"], OrderedJson::parse(R"({"volume": 7.0, "reference": {"a": 4.0, "b": 0.0}})"));
  EXPECT_EQ(get(study + "/history?objective=b").json["completed"][1], OrderedJson::parse("[2, 3.0]"));
  EXPECT_TRUE(is_problem(get(study + "/history?objective=c"), 400, "invalid_argument", "objective"));
}

TEST_F(OverviewTest, TheReferenceOfAFrontIsFoundAmongTrialsThatMeetTheConstraints) {
  const std::string study = make_study({{"metric", nullptr},
                                        {"objectives", {{{"name", "a"}}, {{"name", "b"}}}},
                                        {"constraints", {{{"name", "memory"}, {"max", 10}}}}});
  const auto add = [&](double a, double b, double memory) {
    const Answer added =
        post(study + "/trials", {{"params", {{"x", a / 10}}}, {"metrics", {{"a", a}, {"b", b}, {"memory", memory}}}});
    EXPECT_EQ(added.status, 201) << added.text;
  };
  add(4, 5, 1);
  add(5, 4, 1);
  const OrderedJson before = get(study + "/trials:sample").json["hypervolume"];
  EXPECT_GT(before["volume"], 0);
  add(0, 0, 99);
  EXPECT_EQ(get(study + "/trials:sample").json["hypervolume"], before);
}

TEST_F(OverviewTest, WithoutTrialsThereIsNothingAndNoFault) {
  const std::string study = make_study();
  EXPECT_EQ(get(study + "/history").json["completed"].size(), 0U);
  EXPECT_EQ(get(study + "/trials:sample").json["trials"].size(), 0U);
  EXPECT_TRUE(is_problem(get("/api/v1/studies/none/history"), 404, "not_found"));
  EXPECT_TRUE(is_problem(get(study + "/trials:sample?limit=0"), 400, "invalid_argument", "limit"));
}

}  // namespace
}  // namespace krige::server
