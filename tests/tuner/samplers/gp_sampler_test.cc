// What a user gets of the Gaussian process beyond what every sampler promises.
#include "tuner/samplers/gp_sampler.h"

#include <gtest/gtest.h>

#include <cmath>
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

}  // namespace
}  // namespace krige::tuner
