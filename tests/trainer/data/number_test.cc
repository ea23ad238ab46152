#include "trainer/data/number.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>

#include "base/rng.h"

namespace krige::trainer {
namespace {

TEST(Number, ShortDecimalsAreWhatStrtodReads) {
  Rng rng(1);
  int read = 0;
  for (int i = 0; i < 200'000; ++i) {
    const int digits = 1 + static_cast<int>(rng.below(20));
    std::string text = rng.below(2) == 0 ? "-" : rng.below(2) == 0 ? "+" : "";
    const int point = static_cast<int>(rng.below(static_cast<std::uint64_t>(digits) + 2));
    for (int d = 0; d < digits; ++d) {
      if (d == point) text += '.';
      text += static_cast<char>('0' + rng.below(10));
    }
    double value = 0;
    const std::string with_end = text + ",";
    if (const char* end = read_short_decimal(with_end.c_str(), value)) {
      ++read;
      ASSERT_EQ(end, with_end.c_str() + text.size()) << text;
      ASSERT_EQ(std::bit_cast<std::uint64_t>(value), std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr)))
          << text;
    }
    ASSERT_EQ(as_number(text), std::strtod(text.c_str(), nullptr)) << text;
  }
  EXPECT_GT(read, 100'000);
}

TEST(Number, WhatIsNoShortDecimalIsLeft) {
  for (const char* text : {",", "-,", ".,", "1e5,", "1E5,", "x,", "12345678901234567890,", "9999999999999999999,",
                           "0.12345678901234567890123,"}) {
    double value = 0;
    EXPECT_EQ(read_short_decimal(text, value), nullptr) << text;
  }
  double value = 0;
  EXPECT_NE(read_short_decimal("5.,", value), nullptr);
  EXPECT_EQ(value, 5);
  EXPECT_NE(read_short_decimal("-.5\n", value), nullptr);
  EXPECT_EQ(value, -0.5);
}

TEST(Number, AnyNumberFillsItsText) {
  EXPECT_EQ(as_number("1e-3"), 1e-3);
  EXPECT_EQ(as_number("+6"), 6);
  EXPECT_EQ(as_number("1e999"), HUGE_VAL);
  EXPECT_TRUE(std::isnan(*as_number("nan")));
  for (const char* text : {"", "+", "+-1", "1x", " 1", "0x10", "--1"}) EXPECT_FALSE(as_number(text)) << text;
}

}  // namespace
}  // namespace krige::trainer
