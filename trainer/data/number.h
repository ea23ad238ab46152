// Decimal numbers in text, correctly rounded to double.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace krige::trainer {

// Any number that fills `text`, also one that is not finite.
[[nodiscard]] std::optional<double> as_number(std::string_view text);

namespace detail {
// 10^0 … 10^22, the powers of ten that a double holds exactly.
inline constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                          1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
}  // namespace detail

// Reads sign, digits, point, digits from `at` on and returns where they end; nullptr if that is not a short plain
// decimal, which as_number may still read. The text must end with a character that is none of these. A mantissa up to
// 2^53 and a power of ten up to 10^22 are exact in a double, so that their quotient is rounded once (Clinger 1990).
[[nodiscard]] inline const char* read_short_decimal(const char* at, double& value) {
  constexpr std::uint64_t kExact = std::uint64_t{1} << 53;
  const bool negative = *at == '-';
  if (negative || *at == '+') ++at;
  std::uint64_t mantissa = 0;
  const char* const begin = at;
  const auto digit = [](char c) { return static_cast<unsigned>(static_cast<unsigned char>(c)) - '0'; };
  for (unsigned d = digit(*at); d < 10; d = digit(*++at)) mantissa = mantissa * 10 + d;
  std::ptrdiff_t digits = at - begin;
  std::ptrdiff_t fraction = 0;
  if (*at == '.') {
    const char* const point = at;
    ++at;
    for (unsigned d = digit(*at); d < 10; d = digit(*++at)) mantissa = mantissa * 10 + d;
    fraction = at - point - 1;
    digits += fraction;
  }
  if (digits == 0 || digits > 19 || mantissa > kExact || *at == 'e' || *at == 'E') return nullptr;
  const double magnitude = static_cast<double>(mantissa) / detail::kPowersOfTen[fraction];
  value = negative ? -magnitude : magnitude;
  return at;
}

}  // namespace krige::trainer
