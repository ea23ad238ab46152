#include "tuner/study/explain.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gp/acquisition/expected_improvement.h"
#include "tests/tuner/study/support.h"
#include "tuner/samplers/gp_model.h"
#include "tuner/samplers/gp_space.h"

namespace krige::tuner {
namespace {

constexpr const char* kStudy = R"({
  "name": "explained", "method": "gp", "seed": 5, "metric": {"name": "score", "goal": "maximize"},
  "parameters": {"x": {"type": "float", "min": 1e-4, "max": 1, "scale": "log"},
                 "n": {"type": "int", "min": 1, "max": 4}, "kind": {"values": ["a", "b"]},
                 "m": {"type": "float", "min": 0, "max": 0.99, "when": {"kind": "b"}}},
  "budget": {"max_trials": 1000}})";

double score(const Params& params) {
  const double x = std::get<double>(*find(params, "x"));
  const Value* m = find(params, "m");
  return std::sin(std::log(x)) + 0.2 * static_cast<double>(std::get<std::int64_t>(*find(params, "n"))) +
         (m == nullptr ? 0.1 : std::get<double>(*m));
}

// Trials of random points; the second and every seventh after it has no value.
StudySnapshot study_of(int trials) {
  StudySnapshot study;
  study.spec = parse_study(parse_json(kStudy).value()).value();
  Rng rng(11);
  for (TrialId id = 1; id <= trials; ++id) {
    Trial trial;
    trial.id = id;
    trial.params = study.spec.space.sample(rng);
    const bool failed = id % 7 == 2;
    trial.state = failed ? TrialState::failed : TrialState::completed;
    if (!failed) trial.value = score(trial.params);
    trial.created_at = WallTime(Millis(10 * id));
    trial.ended_at = WallTime(Millis(10 * id + 5));
    study.trials.push_back(std::move(trial));
  }
  study.fit = make_sampler(study.spec)->refit(study.trials, nullptr).value();
  study.fit->id = 4;
  return study;
}

void add_pending(StudySnapshot& study, Params params) {
  Trial trial;
  trial.id = static_cast<TrialId>(study.trials.size()) + 1;
  trial.state = TrialState::running;
  trial.params = std::move(params);
  study.trials.push_back(std::move(trial));
}

// Made by hand from what the fit says: the process that minimizes.
gp::GaussianProcess process_of(const StudySnapshot& study) {
  const GpModel model = decode_model(study.fit->model).value();
  gp::Points points{4, {}};
  std::vector<double> losses;
  for (const Trial& trial : study.trials) {
    if (!trial.value) continue;
    points.append(study.spec.space.encode(trial.params));
    losses.push_back(-*trial.value);
  }
  return gp::GaussianProcess::from_state(
             {gp::State::kVersion, make_input_space(study.spec.space), points, losses, model.warp, model.objective})
      .value();
}

Params replaced(Params params, const std::string& name, const Value& value) {
  for (auto& [key, held] : params)
    if (key == name) held = value;
  return params;
}

Explainer explain(const StudySnapshot& study) { return Explainer::make(study).value(); }

TEST(Explain, ASliceIsThePosteriorAlongOneParameterInTheMetricsDirection) {
  const StudySnapshot study = study_of(20);
  const gp::GaussianProcess process = process_of(study);
  const Explainer model = explain(study);
  const Params through = model.point_of(5).value();
  for (const char* name : {"x", "n"}) {
    const Slice slice = model.slice(through, name, 9).value();
    ASSERT_EQ(slice.values.size(), std::string(name) == "x" ? 9U : 4U) << "each value of a parameter with few";
    for (std::size_t i = 0; i < slice.values.size(); ++i) {
      const std::vector<double> at = study.spec.space.encode(replaced(through, name, slice.values[i]));
      const gp::Prediction expected = process.predict(at);
      EXPECT_NEAR(slice.beliefs[i].mean, -expected.mean, 1e-9);
      EXPECT_NEAR(slice.beliefs[i].sd, expected.sd, 1e-9);
      EXPECT_NEAR(slice.beliefs[i].log_ei, gp::log_expected_improvement(process, {4, at})[0], 1e-7);
    }
  }
  const Slice along_x = model.slice(through, "x", 9).value();
  EXPECT_EQ(std::get<double>(along_x.values.front()), 1e-4);
  EXPECT_NEAR(std::get<double>(along_x.values[4]), 1e-2, 1e-12) << "even steps on the parameter's own scale";
}

TEST(Explain, AContourMeetsTheSlicesOnItsAxes) {
  const StudySnapshot study = study_of(20);
  const Explainer model = explain(study);
  Params through = model.point_of(5).value();
  const Contour contour = model.contour(through, "x", "n", 9).value();
  ASSERT_EQ(contour.beliefs.size(), 9U * 4U);
  for (std::size_t row = 0; row < 4; ++row) {
    through = replaced(through, "n", contour.y.values[row]);
    const Slice slice = model.slice(through, "x", 9).value();
    EXPECT_EQ(slice.values, contour.x.values);
    for (std::size_t column = 0; column < 9; ++column) {
      EXPECT_NEAR(contour.beliefs[9 * row + column].mean, slice.beliefs[column].mean, 1e-9);
      EXPECT_NEAR(contour.beliefs[9 * row + column].sd, slice.beliefs[column].sd, 1e-9);
    }
  }
}

TEST(Explain, OnlyParametersThatVaryAtThePointHaveASlice) {
  const StudySnapshot study = study_of(20);
  const Explainer model = explain(study);
  const Params plain{{"x", 0.1}, {"n", std::int64_t{2}}, {"kind", "a"}};
  EXPECT_EQ(model.active_at(plain), (std::vector<std::string>{"x", "n", "kind"}));
  EXPECT_EQ(model.slice(plain, "m", 9).error().field, "parameter");
  EXPECT_EQ(model.slice(plain, "none", 9).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(model.contour(plain, "x", "x", 9).error().field, "y");
  EXPECT_EQ(model.point_of(21).error().code, ErrorCode::not_found);
  EXPECT_EQ(model.point_of(0).error().code, ErrorCode::not_found);
}

TEST(Explain, WhatRunsTakesTheImprovementAndChangesNoMean) {
  StudySnapshot study = study_of(20);
  const Explainer before = explain(study);
  const Params through = before.point_of(before.incumbent().first).value();
  add_pending(study, through);
  const Explainer after = explain(study);
  EXPECT_EQ(before.belief_at(through).mean, after.belief_at(through).mean);
  const Slice slice = before.slice(through, "x", 33).value();
  std::size_t best = 0;
  for (std::size_t i = 0; i < slice.beliefs.size(); ++i)
    if (slice.beliefs[i].log_ei > slice.beliefs[best].log_ei) best = i;
  const Params promising = replaced(through, "x", slice.values[best]);
  add_pending(study, promising);
  EXPECT_LT(explain(study).belief_at(promising).log_ei, before.belief_at(promising).log_ei - 0.1);
  const std::vector<NearTrial> beside = explain(study).beside(promising, "x");
  EXPECT_EQ(beside.back().trial, 22);
  EXPECT_NEAR(beside.back().nearness, 1, 1e-12) << "it is on the line";
}

TEST(Explain, BesideASliceAreTheNearestTrials) {
  const StudySnapshot study = study_of(520);
  const Explainer model = explain(study);
  const Params through = model.point_of(5).value();
  const std::vector<NearTrial> beside = model.beside(through, "x");
  ASSERT_EQ(beside.size(), 400U);
  double farthest = 1;
  for (const NearTrial& one : beside) farthest = std::min(farthest, one.nearness);
  std::size_t nearer = 0;
  const gp::GaussianProcess process = process_of(study);
  const std::vector<double> line = study.spec.space.encode(through);
  for (const Trial& trial : study.trials) {
    if (!trial.value) continue;
    const std::vector<double> point = study.spec.space.encode(trial.params);
    std::vector<double> on_line = line;
    on_line[0] = point[0];
    nearer += process.correlation(point, on_line) > farthest ? 1 : 0;
  }
  EXPECT_LT(nearer, 400U) << "one that is nearer was left out";
}

TEST(Explain, TrustNamesTheTrialsThatTheModelHasSeen) {
  for (const int trials : {20, 520}) {  // beyond 400 observations some are left out
    const StudySnapshot study = study_of(trials);
    const Trust trust = explain(study).trust();
    std::size_t within = 0;
    TrialId last = 0;
    for (const LeftOut& one : trust.left_out) {
      const Trial& trial = study.trials[static_cast<std::size_t>(one.trial) - 1];
      ASSERT_TRUE(trial.value) << "trial " << one.trial;
      EXPECT_EQ(*trial.value, one.value);
      EXPECT_GT(one.trial, last);
      last = one.trial;
      within += std::abs(one.z) <= 2 ? 1 : 0;
    }
    EXPECT_EQ(trust.left_out.size(), trials == 20 ? 17U : 400U);
    EXPECT_NEAR(trust.within_2_sd, static_cast<double>(within) / static_cast<double>(trust.left_out.size()), 1e-12);
  }
}

TEST(Explain, PredictionsOfWhatWasLeftOutAreInTheMetricsDirection) {
  const StudySnapshot study = study_of(20);
  const std::vector<gp::Prediction> expected = process_of(study).leave_one_out();
  const Trust trust = explain(study).trust();
  ASSERT_EQ(trust.left_out.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(trust.left_out[i].mean, -expected[i].mean, 1e-9);
    EXPECT_NEAR(trust.left_out[i].sd, expected[i].sd, 1e-9);
    const LeftOut& one = trust.left_out[i];
    EXPECT_TRUE(one.low <= one.mean && one.mean <= one.high);
    EXPECT_EQ(std::abs(one.z) <= 2, one.low <= one.value && one.value <= one.high) << "trial " << one.trial;
    EXPECT_EQ(trust.left_out[i].z > 0, trust.left_out[i].value > trust.left_out[i].mean) << "better than expected";
  }
}

TEST(Explain, TheReasonForATrialIsWhatWasKnownBeforeIt) {
  StudySnapshot study = study_of(20);
  TrialId best = 1;
  for (TrialId id = 1; id < 10; ++id) {
    const Trial& trial = study.trials[static_cast<std::size_t>(id) - 1];
    if (trial.value && *trial.value > *study.trials[static_cast<std::size_t>(best) - 1].value) best = id;
  }
  Trial& asked = study.trials[9];
  const double to_beat = *study.trials[static_cast<std::size_t>(best) - 1].value;
  asked.suggestion.mean = to_beat + 0.5;  // one standard deviation better
  asked.suggestion.sd = 0.5;
  const Reason hopeful = explain(study).reason(10).value();
  ASSERT_TRUE(hopeful.best_before);
  EXPECT_EQ(hopeful.best_before->first, best);
  // Φ(1) and φ(1) from a table of the normal distribution.
  EXPECT_NEAR(hopeful.exploitation.value(), 0.8413447 / (0.8413447 + 0.2419707), 1e-6);
  asked.suggestion.mean = to_beat - 0.5;
  EXPECT_EQ(explain(study).reason(10)->exploitation, 0.0) << "all of it comes from not knowing";
  ASSERT_EQ(hopeful.nearest.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_LT(hopeful.nearest[i].trial, 10) << "known before";
    EXPECT_LE(hopeful.nearest[i].nearness, hopeful.nearest[i == 0 ? 0 : i - 1].nearness);
  }
  study.trials[4].params = asked.params;
  EXPECT_EQ(explain(study).reason(10)->nearest.front().trial, 5) << "the same point";
  EXPECT_FALSE(explain(study).reason(1)->best_before);
  EXPECT_FALSE(explain(study).reason(1)->exploitation);
}

TEST(Explain, WithoutAModelThereIsNothingToExplain) {
  StudySnapshot study = study_of(20);
  study.fit.reset();
  EXPECT_EQ(Explainer::make(study).error().code, ErrorCode::conflict);
  study.fit = SurrogateFit{1, 1, 1, "{}"};
  EXPECT_EQ(Explainer::make(study).error().code, ErrorCode::corrupt);
  study.spec.method = Method::random;
  EXPECT_EQ(Explainer::make(study).error().code, ErrorCode::conflict);
}

class NextSuggestionTest : public EngineFixture {};

TEST_F(NextSuggestionTest, IsTheOneThatTheStudyMakesWhenItIsAsked) {
  const StudyId id = create(kStudy);
  for (int i = 0; i < 14; ++i) {
    StudySnapshot study;
    study.spec = parse_study(parse_json(view(id).row.spec).value()).value();
    study.fit = engine_->latest_fit(id).value();
    TrialQuery all;
    all.limit = 1000;
    study.trials = engine_->trials(id, all)->trials;
    const NextSuggestion next = next_suggestion(study).value();
    const Assignment given = one(id, i == 9 ? "keeps it" : "w");
    ASSERT_EQ(given.trial, next.id);
    EXPECT_EQ(given.params, next.suggestion.params) << "trial " << given.trial;
    const SuggestionInfo info = trial(id, given.trial).suggestion;
    EXPECT_EQ(info.mean, next.suggestion.info.mean);
    EXPECT_EQ(info.log_ei, next.suggestion.info.log_ei);
    EXPECT_EQ(info.fit.has_value() && engine_->latest_fit(id).value()->id != (study.fit ? study.fit->id : 0),
              next.new_fit);
    if (i == 9) continue;
    ASSERT_TRUE(engine_->complete(id, given.trial, given.token, {.value = score(given.params)}));
  }
  EXPECT_TRUE(engine_->latest_fit(id).value()) << "the study never came to its model";
}

}  // namespace
}  // namespace krige::tuner
