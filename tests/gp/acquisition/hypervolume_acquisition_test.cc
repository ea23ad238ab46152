#include "gp/acquisition/hypervolume_acquisition.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "gp/acquisition/candidates.h"
#include "tests/gp/support.h"

namespace krige::gp {
namespace {

using Processes = std::vector<GaussianProcess>;

std::vector<const GaussianProcess*> pointers(const Processes& processes) {
  std::vector<const GaussianProcess*> out;
  for (const GaussianProcess& process : processes) out.push_back(&process);
  return out;
}

// `count` independent processes over the same points, with different numbers of hyperparameters.
Processes random_processes(const InputSpace& space, const Points& points, std::size_t count, Rng& rng) {
  Processes out;
  for (std::size_t j = 0; j < count; ++j) {
    State state;
    state.space = space;
    state.points = points;
    for (std::size_t i = 0; i < points.size(); ++i) state.observations.push_back(rng.normal());
    for (std::size_t k = 0; k < 1 + j % 2; ++k) state.hyperparameters.push_back(random_hyperparameters(space, rng));
    auto process = GaussianProcess::from_state(std::move(state));
    if (!process) throw std::runtime_error(process.error().describe());
    out.push_back(std::move(*process));
  }
  return out;
}

Processes with_pending(const Processes& processes, const Points& pending, std::size_t fantasies, Rng& rng) {
  if (pending.size() == 0) return processes;
  Processes out;
  for (const GaussianProcess& process : processes) out.push_back(process.with_pending(pending, rng, fantasies).value());
  return out;
}

class HypervolumeGradient : public testing::TestWithParam<int> {};

TEST_P(HypervolumeGradient, AgreesWithFiniteDifferences) {
  Rng rng(static_cast<std::uint64_t>(GetParam()));
  const InputSpace space = continuous_space(3);
  Points points = random_points(space, 9, rng);
  const Points pending = random_points(space, static_cast<std::size_t>(GetParam() % 3), rng);
  const std::size_t m = 2 + static_cast<std::size_t>(GetParam()) % 3;
  const Processes processes = with_pending(random_processes(space, points, m, rng), pending, 4, rng);
  const AcquisitionOptions options;
  const std::vector<double> reference(m, 1.0);
  const HypervolumeAcquisition acquisition(pointers(processes), reference, points, options);
  for (int round = 0; round < 3; ++round) {
    const std::vector<double> point = random_point(space, rng);
    const auto value = [&](std::span<const double> x) { return acquisition.evaluate({3, {x.begin(), x.end()}})(0); };
    const Acquisition::Value found = acquisition.evaluate_with_gradient(point);
    EXPECT_NEAR(found.value, value(point), 1e-9 * std::max(1.0, std::abs(found.value)));
    expect_near(numeric_gradient(value, point, 1e-6), {found.gradient.data(), 3}, 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, HypervolumeGradient, testing::Range(1, 19));

// From draws of the processes: what they add to the hypervolume of the posterior means.
TEST(HypervolumeAcquisition, IsTheMeanGainOfDrawsOfTheProcesses) {
  Rng rng(4);
  const InputSpace space = continuous_space(2);
  const Points points = random_points(space, 7, rng);
  Processes processes;
  for (GaussianProcess& process : random_processes(space, points, 2, rng)) {
    State state = process.state();
    state.hyperparameters.resize(1);
    processes.push_back(GaussianProcess::from_state(std::move(state)).value());
  }
  const Objectives reference{1.2, 1.2};
  std::vector<Objectives> front(points.size());
  for (std::size_t i = 0; i < points.size(); ++i)
    for (const GaussianProcess& process : processes) front[i].push_back(process.predict(points.row(i)).mean);
  const double before = hypervolume(front, reference);
  front.emplace_back(2);
  const AcquisitionOptions options;
  const HypervolumeAcquisition acquisition(pointers(processes), reference, points, options);
  for (int round = 0; round < 4; ++round) {
    const std::vector<double> x = random_point(space, rng);
    const int draws = 20'000;
    double sum = 0, squares = 0;
    for (int k = 0; k < draws; ++k) {
      for (std::size_t j = 0; j < 2; ++j) {
        const Prediction prediction = processes[j].predict(x);
        front.back()[j] = prediction.mean + prediction.sd * rng.normal();
      }
      const double gain = hypervolume(front, reference) - before;
      sum += gain;
      squares += gain * gain;
    }
    const double mean = sum / draws, error = std::sqrt((squares / draws - mean * mean) / draws);
    const double unit = processes[0].transform().scale() * processes[1].transform().scale();
    EXPECT_NEAR(std::exp(acquisition.evaluate({2, x})(0)) * unit, mean, 5 * error + 1e-6);
  }
}

// f₁ = x², f₂ = (x − 1)²: every x in [0, 1] is a trade-off.
Processes parabolas(const Points& points) {
  Processes out;
  for (const double centre : {0.0, 1.0}) {
    State state;
    state.space = continuous_space(1);
    state.points = points;
    for (std::size_t i = 0; i < points.size(); ++i)
      state.observations.push_back(std::pow(points.row(i)[0] - centre, 2));
    state.hyperparameters.emplace_back().log_lengthscales = {-0.5};
    out.push_back(GaussianProcess::from_state(std::move(state)).value());
  }
  return out;
}

TEST(SuggestForObjectives, FillsTheLargestGapOfTheFront) {
  const Points points{1, {0, 0.1, 0.2, 0.8, 0.9, 1}};
  const Processes processes = parabolas(points);
  Rng rng(2);
  const auto found = suggest(processes, std::vector<double>{1.1, 1.1}, {1, {}}, {}, rng);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->front().point[0], 0.5, 0.06);
  ASSERT_EQ(found->front().predictions.size(), 2U);
  EXPECT_NEAR(found->front().predictions[0].mean, 0.25, 0.1);
  ASSERT_TRUE(found->front().log_ei);
  EXPECT_FALSE(found->front().log_feasible);
}

TEST(SuggestForObjectives, LeavesPendingPointsAloneAndIsTheSameAgain) {
  const Points points{1, {0, 0.1, 0.2, 0.8, 0.9, 1}};
  const Processes processes = parabolas(points);
  Points pending{1, {}};
  for (int k = 0; k < 4; ++k) {
    Rng a(static_cast<std::uint64_t>(k)), b(static_cast<std::uint64_t>(k));
    const auto found = suggest(processes, std::vector<double>{1.1, 1.1}, pending, {}, a);
    const auto again = suggest(processes, std::vector<double>{1.1, 1.1}, pending, {}, b);
    ASSERT_TRUE(found && again);
    EXPECT_TRUE(identical(found->front().point, again->front().point));
    for (std::size_t i = 0; i < pending.size(); ++i)
      EXPECT_GT(std::abs(found->front().point[0] - pending.row(i)[0]), 0.02);
    pending.append(found->front().point);
  }
}

TEST(SuggestForObjectives, KeepsToWhereTheConstraintHolds) {
  const Points points{1, {0, 0.1, 0.2, 0.8, 0.9, 1}};
  const Processes processes = parabolas(points);
  State state = processes[0].state();
  state.observations = points.values;  // the outcome is x itself
  const auto outcome = GaussianProcess::from_state(std::move(state));
  ASSERT_TRUE(outcome);
  const std::vector<OutcomeConstraint> constraints{{&*outcome, 0.6, std::numeric_limits<double>::infinity()}};
  const Points feasible{1, {0.8, 0.9, 1}};
  AcquisitionOptions options;
  options.constraints = constraints;
  options.feasible = &feasible;
  Rng rng(2);
  const auto found = suggest(processes, std::vector<double>{1.1, 1.1}, {1, {}}, options, rng);
  ASSERT_TRUE(found);
  EXPECT_GT(found->front().point[0], 0.58);
  EXPECT_LT(found->front().point[0], 0.75);
}

TEST(SuggestForObjectives, SearchesMixedSpacesWithFourObjectives) {
  Rng rng(11);
  const InputSpace space = mixed_space();
  const Points points = random_points(space, 12, rng);
  const Processes processes = random_processes(space, points, 4, rng);
  AcquisitionOptions options;
  options.excluded = [&](std::span<const double> point) {
    for (std::size_t i = 0; i < points.size(); ++i)
      if (same_point(space, point, points.row(i), 0)) return true;
    return false;
  };
  const auto found = suggest(processes, std::vector<double>(4, 1.0), random_points(space, 2, rng), options, rng);
  ASSERT_TRUE(found);
  ASSERT_FALSE(found->empty());
  for (const Suggestion& one : *found) {
    EXPECT_TRUE(is_canonical(space, one.point));
    EXPECT_FALSE(options.excluded(one.point));
    EXPECT_TRUE(std::isfinite(*one.log_ei));
  }
}

}  // namespace
}  // namespace krige::gp
