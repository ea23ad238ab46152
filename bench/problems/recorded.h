// What dev.json records of the development problems' instance 0.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "tuner/space/value.h"

namespace krige::bench {

struct CheckValue {
  tuner::Params params;
  double value = 0;
};

// After how many trials regret is judged.
inline constexpr std::array<std::size_t, 3> kCheckpoints = {20, 40, 60};
using Regrets = std::array<double, kCheckpoints.size()>;

struct Recorded {
  double optimum = 0;
  double noise = 0;
  std::map<std::string, std::vector<double>> vectors;  // constants by name; a rotation row by row
  std::vector<CheckValue> checks;
  std::vector<double> random_median;     // of the best value, after each trial
  std::map<std::string, Regrets> peers;  // mean normalized regret of other optimizers
};

// nullptr for a problem that is not recorded. The file is read once; a fault in it ends the program.
[[nodiscard]] const Recorded* recorded(std::string_view problem);

}  // namespace krige::bench
