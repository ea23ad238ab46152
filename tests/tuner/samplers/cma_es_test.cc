#include "tuner/samplers/cma_es.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>

#include "tuner/samplers/sampler.h"

namespace krige::tuner {
namespace {

using Point = std::vector<double>;
using Function = std::function<double(const Point&)>;

double sphere(const Point& x) { return std::inner_product(x.begin(), x.end(), x.begin(), 0.0); }

double rosenbrock(const Point& x) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < x.size(); ++i)
    sum += 100 * std::pow(x[i + 1] - x[i] * x[i], 2) + std::pow(1 - x[i], 2);
  return sum;
}

// Axes of 1 to 10⁶ (squared 1 to 10⁶ in f), rotated by an orthonormal basis that is the same in every run.
class RotatedEllipsoid {
 public:
  explicit RotatedEllipsoid(std::size_t n) {
    Rng rng(1);
    while (basis_.size() < n) {
      Point row(n);
      for (double& x : row) x = rng.normal();
      for (const Point& other : basis_) {
        const double along = std::inner_product(row.begin(), row.end(), other.begin(), 0.0);
        for (std::size_t i = 0; i < n; ++i) row[i] -= along * other[i];
      }
      const double length = std::sqrt(sphere(row));
      for (double& x : row) x /= length;
      basis_.push_back(std::move(row));
    }
  }
  double operator()(const Point& x) const {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double along = std::inner_product(x.begin(), x.end(), basis_[i].begin(), 0.0);
      sum += std::pow(1e6, static_cast<double>(i) / static_cast<double>(x.size() - 1)) * along * along;
    }
    return sum;
  }

 private:
  std::vector<Point> basis_;
};

// The cube's point in [low, high]^n.
Point scaled(const Point& u, double low, double high) {
  Point x;
  for (const double one : u) x.push_back(low + (high - low) * one);
  return x;
}

// Evaluations until f < 1e-9 from the middle of [low, high]^n with σ = 0.3 of it, with a restart of doubled population
// wherever it stagnates; −1: not within 20,000.
int evaluations(const Function& f, std::size_t n, double low, double high, std::uint64_t seed) {
  Rng rng(seed);
  CmaEs strategy(Point(n, 0.5), 0.3, CmaEs::default_population(n));
  for (int count = 0; count < 20'000;) {
    std::vector<CmaEs::Member> generation;
    for (std::size_t i = 0; i < strategy.population(); ++i) {
      Point point = strategy.draw(rng);
      const double value = f(scaled(point, low, high));
      ++count;
      if (value < 1e-9) return count;
      generation.push_back({.point = std::move(point), .loss = value});
    }
    strategy.tell(std::move(generation));
    if (!strategy.stagnates()) continue;
    Point mean(n);
    for (double& x : mean) x = rng.uniform();
    strategy = CmaEs(std::move(mean), 0.3, 2 * strategy.population());
  }
  return -1;
}

int median_evaluations(const Function& f, std::size_t n, double low, double high) {
  std::vector<int> counts;
  for (std::uint64_t seed = 0; seed < 11; ++seed) counts.push_back(evaluations(f, n, low, high, seed));
  std::ranges::sort(counts);
  EXPECT_GT(counts.front(), 0) << "one run in eleven did not arrive";
  return counts[counts.size() / 2];
}

// Medians of python3-cmaes 0.9.1 (Debian 12) on the same functions, cube and σ: 1634, 1912, 1603 and 4379; measured
// here 1589, 1717, 1574 and 4068.
TEST(CmaEs, NeedsAsManyEvaluationsAsAPublishedImplementation) {
  EXPECT_NEAR(median_evaluations(sphere, 10, -3, 7), 1634, 200);
  EXPECT_NEAR(median_evaluations(rosenbrock, 5, -2, 2), 1912, 400);
  EXPECT_NEAR(median_evaluations(RotatedEllipsoid(5), 5, -3, 7), 1603, 200);
  EXPECT_NEAR(median_evaluations(RotatedEllipsoid(10), 10, -3, 7), 4379, 600);
}

TEST(CmaEs, WorksInOneDimensionAndFindsAnOptimumInACorner) {
  EXPECT_LT(evaluations(sphere, 1, -3, 7, 1), 200);
  const auto corner = [](const Point& x) { return std::accumulate(x.begin(), x.end(), 0.0); };
  EXPECT_LT(evaluations(corner, 5, 0, 1, 1), 3000);
}

TEST(CmaEs, StagnatesOnAPlateauAndAtAPoint) {
  const auto generations = [](const Function& f) {
    Rng rng(1);
    CmaEs strategy(Point(3, 0.5), 0.3, 7);
    int count = 0;
    for (; !strategy.stagnates() && count < 1000; ++count) {
      std::vector<CmaEs::Member> generation;
      for (int i = 0; i < 7; ++i) {
        Point point = strategy.draw(rng);
        const double value = f(point);
        generation.push_back({.point = std::move(point), .loss = value});
      }
      strategy.tell(std::move(generation));
    }
    return count;
  };
  EXPECT_EQ(generations([](const Point&) { return 2.0; }), 10 + 13);                         // 10 + ⌈30 n / λ⌉
  EXPECT_LT(generations([](const Point& x) { return 1 + sphere(scaled(x, -1, 2)); }), 200);  // 1 + 1e-16 is 1
  EXPECT_LT(generations([](const Point& x) { return std::log(sphere(scaled(x, -1, 2))); }), 400);
}

TEST(CmaEs, AStepFromElsewhereIsShortened) {
  CmaEs own(Point(2, 0.5), 1e-3, 6), foreign = own;
  std::vector<CmaEs::Member> generation;
  for (int i = 0; i < 6; ++i) generation.push_back({.point = {0.9, 0.1 * i}, .loss = 1.0 * i});
  own.tell(generation);
  for (CmaEs::Member& member : generation) member.foreign = true;
  foreign.tell(generation);
  EXPECT_GT(std::abs(own.mean()[0] - 0.5), 0.3);
  EXPECT_LT(std::abs(foreign.mean()[0] - 0.5), 1e-3 * (std::sqrt(2) + 1));
}

TEST(CmaEs, ManyFailuresAndTinyGenerationsLeaveItUsable) {
  constexpr double kFailed = std::numeric_limits<double>::infinity();
  Rng rng(3);
  CmaEs strategy(Point(4, 0.5), 0.3, 8);
  for (int i = 0; i < 300; ++i) {
    std::vector<CmaEs::Member> generation;
    for (std::uint64_t k = rng.below(9); k > 0; --k) {
      Point point = strategy.draw(rng);
      const double value = rng.uniform() < 0.5 ? kFailed : sphere(scaled(point, -1, 2));
      generation.push_back({.point = std::move(point), .loss = value, .foreign = rng.uniform() < 0.3});
    }
    strategy.tell(std::move(generation));
  }
  for (const double x : strategy.mean()) EXPECT_NEAR(x, 1.0 / 3, 0.01);
}

// ---- the sampler: a replay of the history

StudySpec spec_of(const std::string& parameters, int parallel = 1, int seed = 5) {
  const std::string json = R"({"method": "cmaes", "metric": {"name": "loss"}, "seed": )" + std::to_string(seed) +
                           R"(, "budget": {"parallel": )" + std::to_string(parallel) + R"(}, "parameters": )" +
                           parameters + "}";
  return parse_study(parse_json(json).value()).value();
}

// {"x0": …, "x1": …}
std::string floats(int n) {
  std::string json = "{";
  for (int i = 0; i < n; ++i) {
    json += i == 0 ? "" : ", ";
    json += "\"x" + std::to_string(i) + R"(": {"type": "float", "min": -3, "max": 7})";
  }
  return json + "}";
}

double number(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return std::get<double>(value);
}

Point numbers(const Params& params) {
  Point x;
  for (const auto& [name, value] : params) x.push_back(number(value));
  return x;
}

Trial asked(TrialId id, Params params) {
  Trial trial;
  trial.id = id;
  trial.state = TrialState::running;
  trial.params = std::move(params);
  return trial;
}

void finish(Trial& trial, double value) {
  trial.state = TrialState::completed;
  trial.value = value;
}

// Trials one after the other.
std::vector<Trial> run(const StudySpec& spec, int trials, const Function& f) {
  FittingSampler sampler(spec);
  std::vector<Trial> history;
  for (TrialId id = 1; id <= trials; ++id) {
    history.push_back(asked(id, sampler.propose(history, id).value().params));
    finish(history.back(), f(numbers(history.back().params)));
  }
  return history;
}

double lowest(const std::vector<Trial>& history) {
  double low = std::numeric_limits<double>::infinity();
  for (const Trial& trial : history) low = std::min(low, trial.value.value_or(low));
  return low;
}

std::vector<Params> points(const std::vector<Trial>& history) {
  std::vector<Params> list;
  for (const Trial& trial : history) list.push_back(trial.params);
  return list;
}

TEST(CmaEsSampler, ReplaysWhatTheStrategyDoes) {
  const StudySpec spec = spec_of(floats(4));
  CmaEs strategy(Point(4, 0.5), 0.3, CmaEs::default_population(4));
  std::vector<CmaEs::Member> generation;
  for (const Trial& trial : run(spec, 300, sphere)) {
    Rng rng(spec.seed, static_cast<std::uint64_t>(trial.id));
    const Point expected = strategy.draw(rng);
    const Point drawn = spec.space.encode(trial.params);
    for (std::size_t i = 0; i < 4; ++i)
      ASSERT_NEAR(drawn[i], expected[i], 1e-6 * strategy.standard_deviation(i)) << "trial " << trial.id;
    generation.push_back({.point = drawn, .loss = *trial.value});
    if (generation.size() < strategy.population()) continue;
    strategy.tell(std::move(generation));
    generation.clear();
  }
}

TEST(CmaEsSampler, TheSamePointFollowsTheSameHistory) {
  const StudySpec spec = spec_of(R"({"x": {"min": 1e-4, "max": 1.0, "scale": "log"}, "n": {"min": 0, "max": 50}})");
  const std::vector<Trial> history = run(spec, 80, sphere);
  EXPECT_EQ(points(run(spec, 80, sphere)), points(history));
  const std::span<const Trial> all = history;
  for (const std::size_t known : {0U, 1U, 6U, 7U, 40U, 79U})
    EXPECT_EQ(FittingSampler(spec).propose(all.first(known), static_cast<TrialId>(known) + 1)->params,
              history[known].params);
}

TEST(CmaEsSampler, OnlyTheOrderOfTheValuesCounts) {
  const StudySpec spec = spec_of(floats(3));
  const std::vector<Trial> plain = run(spec, 200, sphere);
  EXPECT_EQ(points(run(spec, 200, [](const Point& x) { return std::log(sphere(x)) - 7; })), points(plain));
  EXPECT_EQ(points(run(spec, 200, [](const Point& x) { return std::sqrt(sphere(x)); })), points(plain));
  const StudySpec greatest =
      parse_study(parse_json(R"({"method": "cmaes", "metric": {"name": "score", "goal": "maximize"}, "seed": 5,
                                 "parameters": )" +
                             floats(3) + "}")
                      .value())
          .value();
  EXPECT_EQ(points(run(greatest, 200, [](const Point& x) { return -sphere(x); })), points(plain));
}

TEST(CmaEsSampler, StartsFromTheDefaultPoint) {
  const StudySpec spec = spec_of(
      R"({"x": {"min": 0.0, "max": 1.0, "default": 0.9}, "lr": {"min": 1e-4, "max": 1.0, "scale": "log", "default": 1e-3}})");
  const std::vector<Trial> history = run(spec, 6, sphere);
  EXPECT_EQ(numbers(history[0].params), (Point{0.9, 1e-3}));
  const CmaEs strategy({0.9, 0.25}, 0.3, 6);
  Rng rng(spec.seed, 2);
  const Point expected = strategy.draw(rng), drawn = spec.space.encode(history[1].params);
  EXPECT_NEAR(drawn[0], expected[0], 1e-9);
  EXPECT_NEAR(drawn[1], expected[1], 1e-9);
}

TEST(CmaEsSampler, AGenerationIsOverWhenHalfOfItIsDone) {
  const StudySpec spec = spec_of(floats(3));  // λ = 7
  std::vector<Trial> history = run(spec, 7, sphere);
  const auto next_with = [&](std::size_t running) {
    std::vector<Trial> partly = history;
    for (std::size_t i = 0; i < running; ++i) {
      partly[i].state = TrialState::running;
      partly[i].value.reset();
    }
    return numbers(FittingSampler(spec).propose(partly, 8)->params);
  };
  EXPECT_EQ(next_with(4), next_with(7));
  EXPECT_NE(next_with(3), next_with(4));
  EXPECT_NE(next_with(0), next_with(3));
}

// Evaluations until the loss is below 1e-6, of `parallel` trials at once that end in a random order.
int evaluations_in_parallel(const StudySpec& spec, std::size_t parallel, std::uint64_t seed) {
  Rng rng(seed);
  FittingSampler sampler(spec);
  std::vector<Trial> history;
  std::vector<std::size_t> running;
  for (int done = 1; done < 5000; ++done) {
    while (running.size() < parallel) {
      const auto id = static_cast<TrialId>(history.size() + 1);
      running.push_back(history.size());
      history.push_back(asked(id, sampler.propose(history, id).value().params));
    }
    const auto chosen = running.begin() + static_cast<std::ptrdiff_t>(rng.below(running.size()));
    Trial& trial = history[*chosen];
    running.erase(chosen);
    finish(trial, sphere(numbers(trial.params)));
    if (*trial.value < 1e-6) return done;
  }
  return -1;
}

// One after the other 545 evaluations. λ is 8, or what the study runs at once.
TEST(CmaEsSampler, ParallelWorkersCostLittle) {
  const auto median = [](int of_study, std::size_t parallel) {
    std::vector<int> counts;
    for (std::uint64_t seed = 0; seed < 3; ++seed)
      counts.push_back(evaluations_in_parallel(spec_of(floats(5), of_study), parallel, seed));
    std::ranges::sort(counts);
    EXPECT_GT(counts.front(), 0) << "did not arrive with " << parallel;
    return counts[1];
  };
  EXPECT_LT(median(1, 1), 600);
  EXPECT_LT(median(4, 4), 650);
  EXPECT_LT(median(8, 8), 800);
  EXPECT_LT(median(16, 16), 1100);
  EXPECT_LT(median(1, 16), 1100);  // workers outside, of which the study file says nothing
}

TEST(CmaEsSampler, IntegersAndOrdinalsReachTheirOptimumTogetherWithFloats) {
  const std::string parameters = R"({
    "x": {"type": "float", "min": -3, "max": 7}, "y": {"type": "float", "min": 1e-5, "max": 1, "scale": "log"},
    "i": {"type": "int", "min": 0, "max": 20}, "j": {"type": "int", "min": 0, "max": 1},
    "k": {"type": "int", "min": 1, "max": 1024, "scale": "log"},
    "o": {"type": "ordinal", "values": [16, 32, 64, 128, 256]}, "one": {"type": "ordinal", "values": [3]},
    "s": {"type": "float", "min": 0, "max": 1, "step": 0.05}, "c": {"value": 2}})";
  const auto f = [](const Point& p) {
    return std::pow(p[0] - 1, 2) + std::pow(std::log10(p[1]) + 2, 2) + 0.1 * std::pow(p[2] - 17, 2) + 1 - p[3] +
           std::pow(std::log2(p[4]) - 5, 2) + std::pow(std::log2(p[5]) - 8, 2) + 10 * std::pow(p[7] - 0.15, 2);
  };
  for (int seed = 0; seed < 3; ++seed) {
    const StudySpec spec = spec_of(parameters, 1, seed);
    EXPECT_LT(lowest(run(spec, 700, f)), 1e-3) << "seed " << seed;
  }
}

TEST(CmaEsSampler, LeavesARegionWhereTrialsFail) {
  const StudySpec spec = spec_of(floats(3));
  FittingSampler sampler(spec);
  std::vector<Trial> history;
  for (TrialId id = 1; id <= 400; ++id) {
    history.push_back(asked(id, sampler.propose(history, id).value().params));
    Trial& trial = history.back();
    const Point x = numbers(trial.params);
    if (x[0] > 1)
      trial.state = id % 2 == 0 ? TrialState::failed : TrialState::infeasible;
    else if (id % 5 == 0)
      trial.state = TrialState::cancelled;
    else
      finish(trial, sphere(x));
  }
  EXPECT_LT(lowest(history), 1e-4);
}

TEST(CmaEsSampler, RestartsWithTwiceThePopulationUntilALocalOptimumIsLeft) {
  const auto rastrigin = [](const Point& x) {
    double sum = 0;
    for (const double one : x) sum += 10 + one * one - 10 * std::cos(2 * std::numbers::pi * one);
    return sum;
  };
  const StudySpec spec = spec_of(floats(2), 1, 1);
  FittingSampler sampler(spec);
  std::vector<Trial> history;
  std::vector<std::string> notes{""};
  for (TrialId id = 1; id <= 2000 && lowest(history) > 1e-6; ++id) {
    const Suggestion suggestion = sampler.propose(history, id).value();
    if (suggestion.info.note != notes.back()) notes.push_back(suggestion.info.note);
    history.push_back(asked(id, suggestion.params));
    finish(history.back(), rastrigin(numbers(suggestion.params)));
  }
  EXPECT_LT(lowest(history), 1e-6);
  ASSERT_GE(notes.size(), 2U);
  for (std::size_t i = 1; i < notes.size(); ++i)
    EXPECT_EQ(notes[i], "restart " + std::to_string(i) + ", population " + std::to_string(6 << i));
}

TEST(CmaEsSampler, AHistoryThatBeginsOtherwiseIsReadFromItsStart) {
  const StudySpec spec = spec_of(floats(3));
  const std::vector<Trial> one = run(spec, 40, sphere);
  const std::vector<Trial> other = run(spec, 40, [](const Point& x) { return -x[0]; });
  FittingSampler sampler(spec);
  for (const std::vector<Trial>* history : {&one, &other, &one})
    EXPECT_EQ(sampler.propose(*history, 41)->params, FittingSampler(spec).propose(*history, 41)->params);
  EXPECT_EQ(sampler.propose(std::span(one).first(9), 10)->params, one[9].params);
}

}  // namespace
}  // namespace krige::tuner
