// Climbs the acquisition from one point: L-BFGS over the numeric dimensions, then sweeps over the discrete ones, in
// turns.
#pragma once

#include <vector>

#include "base/rng.h"
#include "gp/acquisition/acquisition.h"
#include "gp/space.h"

namespace krige::gp {

struct LocalOptimum {
  std::vector<double> point;  // canonical
  double value = 0;           // of the acquisition, at `point`
};

class LocalSearch {
 public:
  // Both must outlive it.
  LocalSearch(const InputSpace& space, const Acquisition& acquisition);

  // Never below the start. `rng` draws the values of dimensions that become active.
  [[nodiscard]] LocalOptimum climb(LocalOptimum start, Rng& rng) const;

 private:
  // False: no improvement.
  bool climb_numeric(LocalOptimum& at) const;
  bool sweep_discrete(LocalOptimum& at, Rng& rng) const;
  // `at` with dimension d at other levels: all when few, else near ones and some random ones.
  [[nodiscard]] Points neighbours(const LocalOptimum& at, std::size_t d, Rng& rng) const;

  const InputSpace& space_;
  const Acquisition& acquisition_;
  std::vector<bool> relaxed_;  // by dimension: L-BFGS moves it, between levels too
  std::vector<bool> parent_;   // by dimension: others depend on it
};

}  // namespace krige::gp
