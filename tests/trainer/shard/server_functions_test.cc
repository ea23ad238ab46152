#include "trainer/shard/server_functions.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/rng.h"

namespace krige::trainer {
namespace {

class ServerFunctionsTest : public ::testing::Test {
 protected:
  Result<CallOutcome> call(const std::string& function, std::vector<float> arguments, KeyRange keys = {0, 3}) {
    arguments_ = std::move(arguments);
    return functions_.call({0, 0, next_++, function, keys, arguments_}, weights_);
  }
  static ErrorCode code(const Result<CallOutcome>& result) {
    return result ? ErrorCode::internal : result.error().code;
  }

  ServerFunctions functions_{2};
  std::vector<float> weights_{1, 2, 3};
  std::vector<float> arguments_;
  std::uint64_t next_ = 0;
};

TEST_F(ServerFunctionsTest, BuiltInOnesDoWhatTheySay) {
  EXPECT_EQ(call("add", {10, 20, 30}), CallOutcome::applied);
  EXPECT_EQ(weights_, (std::vector<float>{11, 22, 33}));
  EXPECT_EQ(call("scale", {2}, {1, 3}), CallOutcome::applied);
  EXPECT_EQ(weights_, (std::vector<float>{11, 44, 66}));
  EXPECT_EQ(call("assign", {7}, {2, 3}), CallOutcome::applied);
  EXPECT_EQ(weights_, (std::vector<float>{11, 44, 7}));
  EXPECT_EQ(call("scale", {0}, {1, 1}), CallOutcome::applied);  // no keys
  EXPECT_EQ(weights_, (std::vector<float>{11, 44, 7}));
}

TEST_F(ServerFunctionsTest, AUsersAndAnOptimizer) {
  ASSERT_TRUE(functions_.add("clip", [](std::span<float> weights, std::span<const float> bound) -> Status {
    for (float& w : weights) w = std::min(w, bound[0]);
    return {};
  }));
  EXPECT_EQ(functions_.add("clip", {}).error().code, ErrorCode::already_exists);
  EXPECT_EQ(call("clip", {2}), CallOutcome::applied);
  EXPECT_EQ(weights_, (std::vector<float>{1, 2, 2}));
  TrainJob job;
  job.optimizer = OptimizerKind::momentum;
  job.learning_rate = 1;
  job.momentum = 0.5;
  const auto optimizer = make_optimizer(job, 3, {});
  ASSERT_TRUE(functions_.add("momentum", function_of(*optimizer, job.learning_rate, 3)));
  EXPECT_EQ(call("momentum", {1, 1, 1}), CallOutcome::applied);
  EXPECT_EQ(call("momentum", {0, 0, 0}), CallOutcome::applied);
  EXPECT_EQ(weights_, (std::vector<float>{-0.5F, 0.5F, 0.5F}));
  EXPECT_EQ(code(call("momentum", {1}, {0, 1})), ErrorCode::invalid_argument);
}

TEST_F(ServerFunctionsTest, ErrorsChangeNothingAndTakeNoNumber) {
  const std::vector<float> before = weights_;
  const auto refused = [&](ErrorCode expected, const std::string& function, std::vector<float> arguments,
                           KeyRange keys) {
    next_ = 0;
    EXPECT_EQ(code(call(function, std::move(arguments), keys)), expected) << function;
    EXPECT_EQ(weights_, before);
  };
  refused(ErrorCode::not_found, "nothing", {}, {0, 3});
  refused(ErrorCode::invalid_argument, "add", {1}, {0, 3});
  refused(ErrorCode::invalid_argument, "scale", {1, 2}, {0, 3});
  refused(ErrorCode::invalid_argument, "add", {1}, {3, 4});
  refused(ErrorCode::invalid_argument, "add", {}, {2, 1});
  EXPECT_EQ(code(functions_.call({2, 0, 0, "add", {0, 0}, {}}, weights_)), ErrorCode::invalid_argument);
  next_ = 0;
  EXPECT_EQ(call("add", {1, 1, 1}), CallOutcome::applied);
}

TEST_F(ServerFunctionsTest, AReplacedWorkerBeginsAnewAndItsOldCallsDoNotCount) {
  const std::vector<float> one{1};
  EXPECT_EQ(functions_.call({0, 0, 0, "add", {0, 1}, one}, weights_), CallOutcome::applied);
  EXPECT_EQ(functions_.call({0, 1, 0, "add", {0, 1}, one}, weights_), CallOutcome::applied);
  EXPECT_EQ(code(functions_.call({0, 0, 1, "add", {0, 1}, one}, weights_)), ErrorCode::stale_token);
  EXPECT_EQ(weights_[0], 3);
}

// Point 5 of the acceptance list of Li et al., OSDI 2014. Each worker sends its calls over a line that loses, doubles
// and delays calls and loses acknowledgements, and sends again what was not acknowledged. Powers of two show every call
// that was missed or applied twice.
TEST_F(ServerFunctionsTest, EachCallIsAppliedExactlyOnceOverABadLine) {
  constexpr std::uint64_t kCalls = 20;
  Rng rng(3);
  for (int round = 0; round < 50; ++round) {
    ServerFunctions functions(2);
    std::vector<float> weights{0, 0};
    std::uint64_t acknowledged[2] = {0, 0};
    std::deque<std::pair<std::uint32_t, std::uint64_t>> line;
    int deliveries = 0;
    while (acknowledged[0] < kCalls || acknowledged[1] < kCalls) {
      ASSERT_LT(++deliveries, 100'000);
      const auto worker = static_cast<std::uint32_t>(rng.below(2));
      for (std::uint64_t s = acknowledged[worker]; s < std::min(kCalls, acknowledged[worker] + 3); ++s)
        for (std::uint64_t copies = rng.below(3); copies > 0; --copies)
          line.insert(line.begin() + static_cast<std::ptrdiff_t>(rng.below(line.size() + 1)), {worker, s});
      if (line.empty()) continue;
      const auto [from, sequence] = line.front();
      line.pop_front();
      const std::vector<float> amount{static_cast<float>(std::uint64_t{1} << sequence)};
      const auto outcome = functions.call({from, 0, sequence, "add", {from, from + 1U}, amount}, weights);
      if (!outcome)
        EXPECT_EQ(outcome.error().code, ErrorCode::unavailable);
      else if (rng.below(3) > 0)
        acknowledged[from] = std::max(acknowledged[from], sequence + 1);
    }
    EXPECT_EQ(weights, std::vector<float>(2, static_cast<float>((1 << kCalls) - 1)));
  }
}

}  // namespace
}  // namespace krige::trainer
