// What a user gets of the Gaussian process beyond what every sampler promises.
#include "tuner/samplers/gp_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/json.h"

namespace krige::tuner {
namespace {

StudySpec spec_of(const std::string& parameters, const std::string& more = "") {
  const std::string json =
      R"({"method": "gp", "seed": 3, "metric": {"name": "loss"}, )" + more + R"("parameters": )" + parameters + "}";
  return parse_study(parse_json(json).value()).value();
}

std::string cube(int dims) {
  std::string out = "{";
  for (int d = 0; d < dims; ++d) {
    out += (d > 0 ? ", \"x" : "\"x") + std::to_string(d) + R"(": {"type": "float", "min": 0, "max": 1})";
  }
  return out + "}";
}

// Of a point: its loss, or that it failed.
using Objective = std::function<std::optional<double>(const std::vector<double>&)>;

double sphere(const std::vector<double>& u, double at) {
  double sum = 0;
  for (const double x : u) sum += (x - at) * (x - at);
  return sum;
}

Trial finished(const StudySpec& spec, TrialId id, Params params, const Objective& objective) {
  Trial trial;
  trial.id = id;
  trial.value = objective(spec.space.encode(params));
  trial.state = trial.value ? TrialState::completed : TrialState::failed;
  trial.params = std::move(params);
  return trial;
}

std::vector<Trial> run(const StudySpec& spec, int trials, const Objective& objective) {
  FittingSampler sampler(spec);
  std::vector<Trial> history;
  for (TrialId id = 1; id <= trials; ++id) {
    Result<Suggestion> suggestion = sampler.propose(history, id);
    if (!suggestion) throw std::runtime_error(suggestion.error().describe());
    history.push_back(finished(spec, id, std::move(suggestion->params), objective));
  }
  return history;
}

double best(const std::vector<Trial>& history) {
  double least = 1e300;
  for (const Trial& trial : history) least = std::min(least, trial.value.value_or(least));
  return least;
}

const Objective kSphere = [](const std::vector<double>& u) { return sphere(u, 0.3); };

TEST(GpSampler, TheDesignMayGoOnBehindAFit) {
  const StudySpec spec = spec_of(cube(2));
  std::vector<Trial> history = run(spec, 3, kSphere);
  FittingSampler sampler(spec);
  // With those that run the design is over, and a fit is made.
  for (TrialId id = 4; id <= 6; ++id) {
    Trial trial = finished(spec, id, sampler.propose(history, id).value().params, kSphere);
    trial.state = TrialState::running;
    trial.value.reset();
    history.push_back(trial);
  }
  ASSERT_EQ(sampler.propose(history, 7).value().info.method, "gp");
  ASSERT_NE(sampler.fit(), nullptr);
  // Their workers die: all but one are tried no longer, while one more result would make another fit due.
  history[3] = finished(spec, 4, history[3].params, kSphere);
  for (const std::size_t lost : {4, 5}) history[lost].state = TrialState::cancelled;
  for (TrialId id = 7; id <= 9; ++id) {
    const Result<Suggestion> suggestion = sampler.propose(history, id);
    ASSERT_TRUE(suggestion) << suggestion.error().describe();
    history.push_back(finished(spec, id, suggestion->params, kSphere));
  }
  EXPECT_EQ(sampler.propose(history, 10).value().info.method, "gp");
}

TEST(GpSampler, AVetoedPointIsKeptAwayFrom) {
  const StudySpec spec = spec_of(cube(1));
  // Several valleys, far from found: near the only optimum of a function that is known everything is near.
  const Objective valleys = [](const std::vector<double>& u) { return std::sin(18 * u[0]) + u[0]; };
  std::vector<Trial> history = run(spec, 7, valleys);
  FittingSampler sampler(spec);
  std::vector<double> vetoed;
  for (TrialId id = 8; id <= 11; ++id) {
    Suggestion suggestion = sampler.propose(history, id).value();
    const double point = spec.space.encode(suggestion.params).front();
    for (const double other : vetoed) EXPECT_GT(std::abs(point - other), 0.01) << id;
    vetoed.push_back(point);
    Trial veto;
    veto.id = id;
    veto.state = TrialState::cancelled;
    veto.params = std::move(suggestion.params);
    veto.suggestion.method = kVetoed;
    history.push_back(std::move(veto));
  }
}

TEST(GpSampler, APointThatIsVetoedIsNotMeasuredAgain) {
  const StudySpec spec = spec_of(R"({"x": {"values": ["a", "b"]}})", R"("repeats": 50, )");
  std::vector<Trial> history;
  const auto add = [&](const char* x, std::optional<double> value) {
    Trial trial;
    trial.id = static_cast<TrialId>(history.size()) + 1;
    trial.params = {{"x", std::string(x)}};
    trial.state = value ? TrialState::completed : TrialState::cancelled;
    if (!value) trial.suggestion.method = kVetoed;
    trial.value = value;
    history.push_back(std::move(trial));
  };
  for (const double noise : {0.0, 0.4, 0.1}) add("a", noise);
  for (const double noise : {1.0, 1.3, 0.9, 0.8, 1.2, 1.1, 0.7, 1.0, 1.1, 0.9}) add("b", noise);
  FittingSampler sampler(spec);
  const Value a = std::string("a");
  EXPECT_EQ(*find(sampler.propose(history, 14)->params, "x"), a) << "the better one, and the one less known";
  add("a", std::nullopt);
  const Result<Suggestion> next = sampler.propose(history, 15);
  EXPECT_TRUE(!next || *find(next->params, "x") != a);
}

TEST(GpSampler, FitsAgainWhenTheHistoryHasGrownByATenth) {
  const StudySpec spec = spec_of(cube(2));
  const std::vector<Trial> all = run(spec, 60, kSphere);
  const auto sampler = make_sampler(spec);
  const auto first = [&](std::size_t n) { return std::span(all).first(n); };
  EXPECT_FALSE(sampler->refit_due(first(4), nullptr)) << "the design is not over";
  EXPECT_TRUE(sampler->refit_due(first(5), nullptr));
  SurrogateFit last;
  last.finished = 12;
  EXPECT_FALSE(sampler->refit_due(first(12), &last));
  EXPECT_TRUE(sampler->refit_due(first(13), &last));
  last.finished = 50;
  EXPECT_FALSE(sampler->refit_due(first(54), &last));
  EXPECT_TRUE(sampler->refit_due(first(55), &last));
}

TEST(GpSampler, SameHistoryAndFitGiveTheSameBitsInEveryThread) {
  const StudySpec spec = spec_of(cube(3));
  const std::vector<Trial> history =
      run(spec, 25, [](const std::vector<double>& u) { return u[0] > 0.9 ? std::nullopt : kSphere(u); });
  const auto fit = make_sampler(spec)->refit(history, nullptr);
  ASSERT_TRUE(fit);
  const auto shared = make_sampler(spec);
  std::vector<std::string> keys(4), models(4);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        const auto own = make_sampler(spec);
        const auto suggestion = own->propose(history, 26, &*fit);
        const auto again = shared->refit(history, nullptr);  // while others propose
        if (suggestion) keys[i] = point_key(suggestion->params);
        if (again) models[i] = again->model;
      });
    }
  }
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(keys[i].empty());
    EXPECT_EQ(keys[i], keys[0]);
    EXPECT_EQ(models[i], fit->model);
  }
}

TEST(GpSampler, NamesItsFitAndDoesWithoutOne) {
  const StudySpec spec = spec_of(cube(2));
  const std::vector<Trial> history = run(spec, 12, kSphere);
  const auto sampler = make_sampler(spec);
  auto fit = sampler->refit(history, nullptr);
  ASSERT_TRUE(fit);
  fit->id = 7;
  EXPECT_EQ(sampler->propose(history, 13, &*fit)->info.fit, 7);
  const auto without = sampler->propose(history, 13, nullptr);
  ASSERT_TRUE(without);
  EXPECT_FALSE(without->info.fit);
  EXPECT_TRUE(without->info.log_ei);
}

TEST(GpSampler, RegionThatCrashesIsLeft) {
  // The optimum is near the border of a fifth of the space.
  const StudySpec spec = spec_of(cube(3));
  const auto history = run(spec, 40, [](const std::vector<double>& u) -> std::optional<double> {
    if (u[0] > 0.8) return std::nullopt;
    return sphere(u, 0.7);
  });
  const auto crashed = std::ranges::count(std::span(history).subspan(15), TrialState::failed, &Trial::state);
  EXPECT_LE(crashed, 3);
  EXPECT_LT(best(history), 1e-3);
}

TEST(GpSampler, PassingFailureIsNotHeldAgainstThePoint) {
  const StudySpec spec = spec_of(cube(2));
  int near = 0;
  const auto history = run(spec, 40, [&](const std::vector<double>& u) -> std::optional<double> {
    const double loss = sphere(u, 0.3);
    if (loss < 0.02 && ++near == 1) return std::nullopt;  // the first near the optimum, as of a full disk
    return loss;
  });
  ASSERT_GT(near, 1);
  EXPECT_LT(best(history), 1e-3);
}

TEST(GpSampler, EightAtOnceAreEightDifferentPoints) {
  const StudySpec spec = spec_of(cube(3));
  std::vector<Trial> history = run(spec, 10, kSphere);
  FittingSampler sampler(spec);
  std::vector<std::vector<double>> asked;
  for (TrialId id = 11; id <= 18; ++id) {
    auto suggestion = sampler.propose(history, id);
    ASSERT_TRUE(suggestion);
    asked.push_back(spec.space.encode(suggestion->params));
    Trial pending;
    pending.id = id;
    pending.state = TrialState::running;
    pending.params = std::move(suggestion->params);
    history.push_back(std::move(pending));
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      double distance = 0;
      for (std::size_t d = 0; d < 3; ++d) distance = std::max(distance, std::abs(asked[i][d] - asked[j][d]));
      EXPECT_GT(distance, 1e-3) << i << " and " << j;
    }
  }
}

TEST(GpSampler, PriorDrawsEarlyPointsAndIsOvercome) {
  const auto with_prior = [](double center) {
    return spec_of(R"({"a": {"type": "float", "min": 0, "max": 1, "prior": {"center": )" + std::to_string(center) +
                   R"(, "spread": 0.1}}, "b": {"type": "float", "min": 0, "max": 1}})");
  };
  const auto mean_distance = [](const StudySpec& spec, const std::vector<Trial>& history, double at) {
    double sum = 0;
    for (std::size_t i = 5; i < 10; ++i) sum += std::abs(spec.space.encode(history[i].params)[0] - at) / 5;
    return sum;
  };
  const StudySpec wrong = with_prior(0.9);
  const StudySpec none =
      spec_of(R"({"a": {"type": "float", "min": 0, "max": 1}, "b": {"type": "float", "min": 0, "max": 1}})");
  const auto misled = run(wrong, 40, kSphere), plain = run(none, 40, kSphere);
  EXPECT_LT(mean_distance(wrong, misled, 0.9), mean_distance(none, plain, 0.9));
  EXPECT_LT(best(misled), 1e-3) << "what was seen outweighs it";
}

TEST(GpSampler, OtherAcquisitionsFindTheOptimumToo) {
  for (const char* kind : {"ucb", "pi"}) {
    const StudySpec spec = spec_of(cube(2), std::string(R"("acquisition": ")") + kind + R"(", )");
    EXPECT_LT(best(run(spec, 40, kSphere)), 2e-3) << kind;
    EXPECT_EQ(to_json(spec).at("acquisition"), kind);
  }
}

TEST(GpSampler, SixtyParametersAndLongHistories) {
  const StudySpec wide = spec_of(cube(60));
  EXPECT_LT(best(run(wide, 25, kSphere)), 60 * 0.123) << "the mean of random points";

  const StudySpec spec = spec_of(cube(3));
  std::vector<Trial> history;
  Rng rng(1);
  for (TrialId id = 1; id <= 1500; ++id) history.push_back(finished(spec, id, spec.space.sample(rng), kSphere));
  FittingSampler sampler(spec);
  const auto suggestion = sampler.propose(history, 1501);
  ASSERT_TRUE(suggestion);
  EXPECT_LT(*kSphere(spec.space.encode(suggestion->params)), 1e-2);
}

TEST(GpSampler, CrashRegionIsLeftWhateverTheSeed) {
  // The optimum is near the border of a fifth of the space. Random search would have five of 25 there.
  int crashed = 0;
  for (std::uint64_t seed = 10; seed < 16; ++seed) {
    StudySpec spec = spec_of(cube(3));
    spec.seed = seed;
    const auto history = run(spec, 40, [](const std::vector<double>& u) -> std::optional<double> {
      if (u[0] > 0.8) return std::nullopt;
      return sphere(u, 0.7);
    });
    crashed += static_cast<int>(std::ranges::count(std::span(history).subspan(15), TrialState::failed, &Trial::state));
    EXPECT_LT(best(history), 1e-2) << seed;
  }
  EXPECT_LT(crashed, 0.15 * 25 * 6);
}

TEST(GpSampler, OnePassingFailureAtTheOptimumItselfDoesNotKeepItAway) {
  for (std::uint64_t seed = 10; seed < 13; ++seed) {
    StudySpec spec = spec_of(cube(2));
    spec.seed = seed;
    FittingSampler sampler(spec);
    std::vector<Trial> history{finished(spec, 1, {{"x0", 0.3}, {"x1", 0.3}},
                                        [](const std::vector<double>&) { return std::optional<double>(); })};
    for (TrialId id = 2; id <= 40; ++id) {
      history.push_back(finished(spec, id, sampler.propose(history, id).value().params, kSphere));
    }
    EXPECT_LT(best(history), 1e-2) << seed;
  }
}

TEST(GpSampler, ProposesAndFitsAtOnceOnOneObject) {
  const StudySpec spec = spec_of(cube(2));
  const std::vector<Trial> history = run(spec, 20, kSphere);
  const auto sampler = make_sampler(spec);
  const SurrogateFit fit = sampler->refit(history, nullptr).value();
  const std::string expected = point_key(sampler->propose(history, 21, &fit)->params);
  std::vector<std::string> models(3);
  {
    const std::jthread fitting([&] {
      for (std::string& model : models) {
        if (sampler->refit_due(history, nullptr)) model = sampler->refit(history, nullptr)->model;
      }
    });
    for (int i = 0; i < 20; ++i) EXPECT_EQ(point_key(sampler->propose(history, 21, &fit)->params), expected);
  }
  for (const std::string& model : models) EXPECT_EQ(model, fit.model);
}

TEST(GpSampler, WhatIsNoFitOfTheStudyIsAnErrorAndNotACrash) {
  const StudySpec spec = spec_of(cube(2)), other = spec_of(cube(3));
  const std::vector<Trial> history = run(spec, 12, kSphere);
  const auto sampler = make_sampler(spec);
  SurrogateFit fit = make_sampler(other)->refit(run(other, 12, kSphere), nullptr).value();
  for (const std::string& model : {fit.model, std::string("{"), std::string(),
                                   std::string(R"({"log_above_median": true, "objective": [], "feasibility": []})")}) {
    fit.model = model;
    EXPECT_FALSE(sampler->propose(history, 13, &fit)) << model;
    const auto next = sampler->refit(history, &fit);
    if (next) {  // what cannot be read is an error, what is another study's no start for a fit
      EXPECT_TRUE(sampler->propose(history, 13, &*next)) << model;
    }
  }
}

TEST(GpSampler, HistoriesOfOddValues) {
  const StudySpec spec = spec_of(cube(2));
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<const char*, std::function<std::optional<double>(int)>>> cases = {
      {"all fail", [](int) { return std::nullopt; }},
      {"one value", [](int) { return 4.0; }},
      {"one succeeds", [](int i) { return i == 3 ? std::optional(1.0) : std::nullopt; }},
      {"huge", [](int i) { return (i % 2 == 0 ? 1 : -1) * 1e300 * (1 + i); }},
      {"tiny", [](int i) { return 1e-310 * i; }},
      {"one outlier", [](int i) { return i == 5 ? 1e200 : i * 0.1; }},
      {"not finite", [=](int i) { return i % 3 == 0   ? std::nan("")
                                         : i % 3 == 1 ? kInfinity
                                                      : i * 1.0; }}};
  for (const auto& [name, value] : cases) {
    FittingSampler sampler(spec);
    std::vector<Trial> history;
    std::set<std::string> seen;
    for (TrialId id = 1; id <= 25; ++id) {
      const auto suggestion = sampler.propose(history, id);
      ASSERT_TRUE(suggestion) << name << " at " << id << ": " << suggestion.error().describe();
      EXPECT_TRUE(spec.space.check(suggestion->params)) << name;
      EXPECT_TRUE(seen.insert(point_key(suggestion->params)).second) << name;
      Trial trial = finished(spec, id, suggestion->params,
                             [&](const std::vector<double>&) { return value(static_cast<int>(id)); });
      // As the engine has it: what is not finite is INFEASIBLE.
      if (trial.value && !std::isfinite(*trial.value)) trial.state = TrialState::infeasible;
      history.push_back(std::move(trial));
    }
  }
}

TEST(GpSampler, NeverRepeatsWithFailuresPendingAndConditions) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    StudySpec spec = spec_of(R"({
      "n": {"type": "int", "min": 1, "max": 6},
      "k": {"values": ["a", "b", "c"]},
      "w": {"type": "ordinal", "values": [16, 64, 256], "when": {"k": ["a", "b"]}},
      "m": {"type": "int", "min": 1, "max": 2, "when": {"n": [4, 5, 6]}}})");  // (2·3 + 1)·(3 + 3·2) = 63 points
    spec.seed = seed;
    FittingSampler sampler(spec);
    std::vector<Trial> history;
    std::set<std::string> seen;
    Rng rng(seed);
    for (TrialId id = 1; id <= 63; ++id) {
      const auto suggestion = sampler.propose(history, id);
      ASSERT_TRUE(suggestion) << id << ": " << suggestion.error().describe();
      EXPECT_TRUE(spec.space.check(suggestion->params));
      EXPECT_TRUE(seen.insert(point_key(suggestion->params)).second) << id;
      Trial trial = finished(spec, id, suggestion->params, [](const std::vector<double>& u) { return u[0] + u[1]; });
      const std::uint64_t fate = rng.below(5);
      if (fate < 2) {
        trial.value.reset();
        trial.state = fate == 0 ? TrialState::failed : TrialState::running;
      }
      history.push_back(std::move(trial));
    }
    EXPECT_EQ(sampler.propose(history, 64).error().code, ErrorCode::space_exhausted);
  }
}

TEST(GpSampler, LongHistoryOfFewPointsLeavesOnlyNewOnes) {
  const StudySpec spec =
      spec_of(R"({"a": {"type": "int", "min": 0, "max": 49}, "b": {"type": "int", "min": 0, "max": 31}})");
  std::vector<Trial> history;
  std::set<std::string> seen;
  Rng rng(4);
  while (history.size() < 1500) {  // of 1,600 points
    Params params = spec.space.sample(rng);
    if (!seen.insert(point_key(params)).second) continue;
    history.push_back(finished(spec, static_cast<TrialId>(history.size() + 1), std::move(params),
                               [&](const auto& u) { return history.size() % 50 == 7 ? std::nullopt : kSphere(u); }));
  }
  const auto suggestion = FittingSampler(spec).propose(history, 1501);
  ASSERT_TRUE(suggestion);
  EXPECT_EQ(suggestion->info.method, "gp");
  EXPECT_FALSE(seen.contains(point_key(suggestion->params)));
}

StudySpec with_older_sphere(double at) {
  StudySpec spec = spec_of(cube(2));
  OlderStudy older;
  Rng rng(8);
  for (int i = 0; i < 30; ++i) {
    const std::vector<double> u{rng.uniform(), rng.uniform()};
    older.trials.push_back({spec.space.decode(u), 100 + 7 * sphere(u, at)});
  }
  spec.warm_start.push_back(std::move(older));
  return spec;
}

TEST(GpSampler, BeginsWhereAnOlderStudyWasGood) {
  const StudySpec spec = with_older_sphere(0.3);
  const std::vector<Trial> history = run(spec, 3, kSphere);
  EXPECT_LT(*history.front().value, 0.01) << "the first point";
  EXPECT_LT(best(history), best(run(spec_of(cube(2)), 3, kSphere)));
}

TEST(GpSampler, LeavesAnOlderStudyThatProvesUnrelated) {
  const StudySpec spec = with_older_sphere(0.95);
  const Objective objective = [](const std::vector<double>& u) { return sphere(u, 0.2); };
  const std::vector<Trial> history = run(spec, 20, objective);
  EXPECT_LT(best(history), 0.01);
  const auto fit = make_sampler(spec)->refit(history, nullptr).value();
  EXPECT_EQ(parse_json(fit.model).value()["sources"][0]["weight"], 0.0);
}

TEST(GpSampler, TheDefaultComesBeforeOlderStudies) {
  StudySpec spec = spec_of(R"({"x0": {"type": "float", "min": 0, "max": 1, "default": 0.7},
                               "x1": {"type": "float", "min": 0, "max": 1}})");
  spec.warm_start = with_older_sphere(0.3).warm_start;
  EXPECT_EQ(run(spec, 1, kSphere).front().params, *spec.space.default_point());
}

TEST(GpSampler, PerSecondPrefersWhatIsCheapOfWhatIsAsGood) {
  const auto mean_of_first = [](const std::string& acquisition) {
    const StudySpec spec = spec_of(cube(2), R"("acquisition": ")" + acquisition + R"(", )");
    FittingSampler sampler(spec);
    std::vector<Trial> history;
    double sum = 0;
    for (TrialId id = 1; id <= 24; ++id) {
      Trial trial = finished(spec, id, sampler.propose(history, id)->params,
                             [](const std::vector<double>& u) { return (u[1] - 0.5) * (u[1] - 0.5); });
      const double x = spec.space.encode(trial.params)[0];
      Attempt attempt;
      attempt.ended_at = attempt.started_at + Millis(static_cast<std::int64_t>(1000 * std::exp(5 * x)));
      trial.attempts.push_back(attempt);
      history.push_back(std::move(trial));
      if (id > 8) sum += x / 16;
    }
    return sum;
  };
  EXPECT_LT(mean_of_first("ei_per_second"), 0.3);
  EXPECT_GT(mean_of_first("ei"), 0.3);
}

TEST(GpSampler, MeasuresAPointAgainOnlyWhereNoiseMakesItWorthATrial) {
  const auto repeats = [](double noise, std::int64_t allowed) {
    StudySpec spec = spec_of(cube(1));
    spec.repeats = allowed;
    FittingSampler sampler(spec);
    std::vector<Trial> history;
    std::map<std::string, std::int64_t> measured;
    Rng rng(5);
    for (TrialId id = 1; id <= 30; ++id) {
      const auto suggestion = sampler.propose(history, id);
      const std::int64_t times = ++measured[point_key(suggestion->params)];
      EXPECT_LE(times, allowed);
      EXPECT_EQ(times > 1, suggestion->info.note.starts_with("measures the point of trial ")) << suggestion->info.note;
      history.push_back(finished(spec, id, suggestion->params,
                                 [&](const std::vector<double>& u) { return sphere(u, 0.3) + noise * rng.normal(); }));
    }
    return 30 - static_cast<int>(measured.size());
  };
  EXPECT_EQ(repeats(0, 5), 0);
  EXPECT_EQ(repeats(0.2, 1), 0) << "not without being asked";
  EXPECT_GT(repeats(0.2, 5), 3);
}

TEST(GpSampler, MeasuresThePointsOfAFiniteSpaceAsOftenAsItMay) {
  StudySpec spec = spec_of(R"({"arm": {"values": ["a", "b", "c", "d"]}})");
  spec.repeats = 4;
  FittingSampler sampler(spec);
  std::vector<Trial> history;
  Rng rng(5);
  for (TrialId id = 1; id <= 16; ++id) {
    const auto suggestion = sampler.propose(history, id);
    ASSERT_TRUE(suggestion) << id << ": " << suggestion.error().describe();
    history.push_back(
        finished(spec, id, suggestion->params, [&](const std::vector<double>& u) { return u[0] + rng.normal(); }));
  }
  EXPECT_EQ(sampler.propose(history, 17).error().code, ErrorCode::space_exhausted);
}

}  // namespace
}  // namespace krige::tuner
