// The trials of a study by state, and in each by id and by value: so that a page of a long study costs no more than one
// of a short one.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "tuner/study/engine.h"

namespace krige::tuner {

// Not thread-safe.
class TrialIndex {
 public:
  // `before`: as it was put last; null for a new one.
  void put(const Trial* before, const Trial& trial);

  [[nodiscard]] const std::set<TrialId>& in_state(TrialState state) const;
  [[nodiscard]] std::map<TrialState, std::int64_t> counts() const;  // without the states that no trial is in
  // In the query's order, one more than its limit if there are so many.
  [[nodiscard]] std::vector<TrialId> page(const TrialQuery& query) const;

 private:
  using Valued = std::pair<double, TrialId>;
  struct Ids {
    std::set<TrialId> all;
    std::set<Valued> valued;
    std::set<TrialId> unvalued;
  };
  [[nodiscard]] std::vector<const Ids*> chosen(const std::vector<TrialState>& states) const;

  std::map<TrialState, Ids> states_;  // without empty ones
};

}  // namespace krige::tuner
