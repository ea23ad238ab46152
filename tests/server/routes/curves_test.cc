// The curves of many trials.
#include <algorithm>

#include "tests/server/service_fixture.h"

namespace krige::server {
namespace {

class CurvesTest : public ServiceTest {
 protected:
  // Reports of a trial of its own; the trial's address.
  std::string report(const std::string& study, int steps, double (*value)(int)) {
    const OrderedJson given = suggest_one(study, "w" + std::to_string(++workers_));
    std::string trial = study + "/trials/" + std::to_string(given["id"].get<int>());
    for (int step = 1; step <= steps; ++step)
      EXPECT_EQ(post(trial + ":report", {{"step", step}, {"metrics", {{"value", value(step)}, {"other", 1}}}}).status,
                200);
    return trial;
  }
  int workers_ = 0;
};

TEST_F(CurvesTest, EachTrialThatReportedTheMetricHasOne) {
  const std::string study = make_study();
  report(study, 3, [](int step) { return 1.0 / step; });
  suggest_one(study, "silent");
  report(study, 1, [](int) { return 7.0; });
  const Answer answer = get(study + "/curves");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.json["metric"], "value");
  EXPECT_EQ(answer.json["metrics"], OrderedJson::parse(R"(["other", "value"])"));
  ASSERT_EQ(answer.json["curves"].size(), 2U);
  EXPECT_EQ(answer.json["curves"][0]["points"], OrderedJson::parse("[[1, 1.0], [2, 0.5], [3, 0.3333333333333333]]"));
  EXPECT_EQ(answer.json["curves"][1]["trial"], 3);
  EXPECT_EQ(get(study + "/curves?metric=other").json["curves"][1]["points"], OrderedJson::parse("[[1, 1.0]]"));
  EXPECT_EQ(get(study + "/curves?metric=none").json["curves"].size(), 0U);
  EXPECT_EQ(get(study + "/curves?limit=1").json["curves"].size(), 1U) << "the latest";
  EXPECT_TRUE(is_problem(get(study + "/curves?limit=0"), 400, "invalid_argument", "limit"));
  EXPECT_TRUE(is_problem(get("/api/v1/studies/none/curves"), 404, "not_found"));
}

TEST_F(CurvesTest, ALongCurveIsThinnedOutAndKeepsItsSpikesAndEnds) {
  const std::string study = make_study();
  report(study, 900, [](int step) { return step == 451 ? 1e6 : step == 333 ? -5.0 : 1.0 + step % 2; });
  const OrderedJson curve = get(study + "/curves").json["curves"][0]["points"];
  EXPECT_LE(curve.size(), 200U);
  EXPECT_GE(curve.size(), 100U);
  EXPECT_EQ(curve.front()[0], 1);
  EXPECT_EQ(curve.back()[0], 900);
  const auto has = [&](int step, double value) {
    return std::ranges::any_of(curve, [&](const OrderedJson& point) { return point[0] == step && point[1] == value; });
  };
  EXPECT_TRUE(has(451, 1e6) && has(333, -5)) << curve.dump();
  for (std::size_t i = 1; i < curve.size(); ++i) ASSERT_LT(curve[i - 1][0], curve[i][0]);
}

TEST_F(CurvesTest, WhatEarlyStoppingHoldsTrialsAgainstIsSaid) {
  const std::string study = make_study({{"early_terminate", {{"type", "median"}, {"min_trials", 2}, {"min_iter", 2}}}});
  for (const double level : {1.0, 3.0, 2.0}) {
    const OrderedJson given = suggest_one(study, "w" + std::to_string(level));
    const std::string trial = study + "/trials/" + std::to_string(given["id"].get<int>());
    for (int step = 1; step <= 3; ++step)
      post(trial + ":report", {{"step", step}, {"metrics", {{"value", level / step}, {"other", 1}}}});
  }
  const OrderedJson limits = get(study + "/curves").json["limits"];
  EXPECT_EQ(limits["rule"], "median");
  EXPECT_EQ(limits["lines"], OrderedJson::parse(R"([{"bracket": 0, "points": [[2, 1.0], [3, 0.6666666666666666]]}])"));
  EXPECT_EQ(get(study + "/curves").json["axis"], "step");
  EXPECT_EQ(get(study + "/curves?metric=other").json["limits"], nullptr) << "the rule does not look at it";
  EXPECT_EQ(get(make_study() + "/curves").json["limits"], nullptr);
}

TEST_F(CurvesTest, ValuesThatAreNotFiniteAreGaps) {
  const std::string study = make_study();
  report(study, 1, [](int) { return 1.0; });
  EXPECT_EQ(post(study + "/trials/1:report", {{"step", 2}, {"metrics", {{"value", "NaN"}}}}).status, 200);
  EXPECT_EQ(get(study + "/curves").json["curves"][0]["points"].size(), 1U);
}

}  // namespace
}  // namespace krige::server
