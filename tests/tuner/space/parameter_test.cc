#include "tuner/space/parameter.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "tuner/space/normal_quantile.h"

namespace krige::tuner {
namespace {

Parameter floating(double min, double max, Scale scale = Scale::linear, std::optional<double> step = {}) {
  Parameter p;
  p.name = "x";
  p.min = min;
  p.max = max;
  p.scale = scale;
  p.step = step;
  return p;
}

Parameter integer(double min, double max, Scale scale = Scale::linear, std::optional<double> step = {}) {
  Parameter p = floating(min, max, scale, step);
  p.kind = ParameterKind::integer;
  return p;
}

Parameter listed(ParameterKind kind, std::vector<Value> values) {
  Parameter p;
  p.name = "x";
  p.kind = kind;
  p.values = std::move(values);
  return p;
}

double real(const Value& value) { return std::get<double>(value); }
std::int64_t whole(const Value& value) { return std::get<std::int64_t>(value); }

TEST(NormalQuantile, AgreesWithPublishedValues) {
  EXPECT_DOUBLE_EQ(normal_quantile(0.5), 0);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(1e-9), -5.997807015007686, 1e-12);
  for (double x = -7; x <= 7; x += 0.37)
    EXPECT_NEAR(normal_quantile(0.5 * std::erfc(-x / std::sqrt(2))), x, 1e-3 * std::abs(x) + 1e-6);
}

TEST(Parameter, LogScaleIsUniformInTheLogarithm) {
  const Parameter p = floating(1e-4, 1, Scale::log);
  EXPECT_NEAR(real(p.at_quantile(0.5)), 1e-2, 1e-12);
  EXPECT_EQ(real(p.at_quantile(0)), 1e-4);
  EXPECT_EQ(real(p.at_quantile(1)), 1);
  EXPECT_NEAR(p.encode(Value(1e-2)), 0.5, 1e-12);
}

TEST(Parameter, EveryIntegerIsEquallyLikely) {
  const Parameter p = integer(3, 7);
  EXPECT_EQ(p.cardinality(), 5);
  std::array<int, 5> counts{};
  for (int i = 0; i < 1000; ++i) ++counts[static_cast<std::size_t>(whole(p.at_quantile((i + 0.5) / 1000)) - 3)];
  for (const int count : counts) EXPECT_EQ(count, 200);
}

TEST(Parameter, StepsReadAsAUserWritesThem) {
  const Parameter p = floating(0.1, 1.0, Scale::linear, 0.1);
  EXPECT_EQ(p.cardinality(), 10);
  EXPECT_EQ(real(p.at_index(2)), 0.3);
  EXPECT_EQ(real(p.at_index(9)), 1.0);
  EXPECT_EQ(integer(16, 256, Scale::log, 16).cardinality(), 16);
}

TEST(Parameter, EncodeAndDecodeAreInverse) {
  const std::vector<Parameter> all{floating(-2, 5),
                                   floating(1e-5, 10, Scale::log),
                                   floating(0, 1, Scale::linear, 0.25),
                                   integer(-3, 9),
                                   integer(1, 4096, Scale::log),
                                   integer(0, 100, Scale::linear, 5),
                                   listed(ParameterKind::categorical, {std::string("a"), std::int64_t{1}, true}),
                                   listed(ParameterKind::ordinal, {std::int64_t{1}, std::int64_t{2}, std::int64_t{4}})};
  for (const Parameter& p : all) {
    for (double u = 0.01; u < 1; u += 0.07) {
      const Value value = p.at_quantile(u);
      const Value back = p.decode(p.encode(value));
      if (std::holds_alternative<double>(value) && !p.step)
        EXPECT_NEAR(real(back), real(value), 1e-9 * std::abs(real(value)) + 1e-12);
      else
        EXPECT_TRUE(equal(back, value)) << to_string(value) << " became " << to_string(back);
    }
  }
}

TEST(Parameter, AnIntervalIsWhatDecodesToItsValue) {
  Parameter stepped_normal = floating(0, 1, Scale::normal, 0.5);
  stepped_normal.mu = 2;
  for (const Parameter& p :
       {floating(0, 1, Scale::linear, 0.25), floating(0, 1, Scale::linear, 0.3), integer(1, 40, Scale::log),
        integer(0, 1), stepped_normal, listed(ParameterKind::categorical, {true, false}),
        listed(ParameterKind::ordinal, {std::int64_t{1}, std::int64_t{2}, std::int64_t{4}}),
        listed(ParameterKind::ordinal, {std::int64_t{1}})}) {
    const double last = p.kind == ParameterKind::categorical ? 1 : 0.999;
    for (double u = 0.001; u <= last; u += 0.0137) {
      const Value value = p.decode(u);
      const Interval interval = p.interval(value);
      EXPECT_LE(interval.low, u + 1e-12);
      EXPECT_GE(interval.high, u - 1e-12);
      EXPECT_TRUE(equal(p.decode(interval.low + 1e-6), value)) << to_string(value);
      EXPECT_TRUE(equal(p.decode(interval.high - 1e-6), value)) << to_string(value);
    }
  }
  const Interval point = floating(2, 4).interval(Value(3.0));
  EXPECT_EQ(point.low, 0.5);
  EXPECT_EQ(point.high, 0.5);
}

TEST(Parameter, DecodeStaysInsideWhateverTheCoordinate) {
  for (const double u : {-1e300, -0.1, 0.0, 1.0, 1.5, 1e300}) {
    const double x = real(floating(2, 3).decode(u));
    EXPECT_TRUE(x >= 2 && x <= 3);
    EXPECT_TRUE(whole(integer(1, 7, Scale::log).decode(u)) >= 1 && whole(integer(1, 7, Scale::log).decode(u)) <= 7);
    EXPECT_NO_THROW((void)listed(ParameterKind::categorical, {true, false}).decode(u));
  }
}

TEST(Parameter, NormalPriorHasItsQuantiles) {
  Parameter p = floating(0, 1, Scale::normal);
  p.mu = 10;
  p.sigma = 2;
  EXPECT_DOUBLE_EQ(real(p.at_quantile(0.5)), 10);
  EXPECT_NEAR(real(p.at_quantile(0.975)), 13.919927969080108, 1e-9);
  EXPECT_NEAR(p.encode(Value(13.919927969080108)), 0.975, 1e-12);
}

TEST(Parameter, ProbabilitiesAreThePrior) {
  Parameter p = listed(ParameterKind::categorical, {std::string("a"), std::string("b")});
  p.probabilities = {0.25, 0.75};
  EXPECT_EQ(p.at_quantile(0.24), Value(std::string("a")));
  EXPECT_EQ(p.at_quantile(0.26), Value(std::string("b")));
  EXPECT_EQ(p.at_quantile(1), Value(std::string("b")));
}

TEST(Parameter, CheckSaysWhatIsWrong) {
  EXPECT_EQ(floating(0, 1).check(Value(2.0)).error().message, "must be between 0 and 1, is 2");
  EXPECT_EQ(integer(0, 10).check(Value(2.5)).error().message, "must be 0 plus a multiple of 1, is 2.5");
  EXPECT_EQ(whole(*integer(0, 10).check(Value(3.0))), 3);
  EXPECT_EQ(listed(ParameterKind::categorical, {std::string("a"), true}).check(Value(std::string("c"))).error().message,
            "must be one of a, true, is c");
  EXPECT_EQ(floating(0, 1).check(Value(std::string("x"))).error().message, "must be a number, is x");
}

TEST(Parameter, StepsNeedNotBeNumbersThatFewDigitsTell) {
  for (const Parameter& p :
       {floating(0, 1e-310, Scale::linear, 1e-311), floating(0.1234567890123456, 0.9, Scale::linear, 1e-4),
        floating(123456789.1234, 123456790, Scale::linear, 3e-7), floating(0, 1e15, Scale::linear, 0.5),
        floating(-1.0 / 3, 1e6, Scale::linear, 1e-3)}) {
    for (const double u : {0.0, 0.1, 0.37, 0.5, 0.99, 1.0}) {
      const Value value = p.at_quantile(u);
      const Result<Value> checked = p.check(value);
      ASSERT_TRUE(checked) << checked.error().message;
      EXPECT_EQ(*checked, value) << p.min << " " << p.max << " " << *p.step;
    }
  }
}

}  // namespace
}  // namespace krige::tuner
