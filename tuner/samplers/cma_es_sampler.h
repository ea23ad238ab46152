// CMA-ES for spaces of numbers whose parameters are all active, with restarts of doubled population (IPOP: A. Auger,
// N. Hansen, CEC 2005).
#pragma once

#include "tuner/samplers/cma_es.h"
#include "tuner/samplers/sampler.h"

namespace krige::tuner {

// The history is replayed. A generation is the trials of the next λ ids, whatever becomes of them; it is over once all
// were proposed and at most half of them are still running, and teaches with those that are done. A trial proposed
// before that is drawn from the distribution before, and learned from as such when its own generation is over. A result
// that comes later still counts from then on.
class CmaEsSampler final : public Sampler {
 public:
  // `spec` must outlive it; its parameters are as parse_study leaves them: none categorical, none conditional.
  explicit CmaEsSampler(const StudySpec& spec);
  [[nodiscard]] Result<Suggestion> propose(std::span<const Trial> history, TrialId next,
                                           const SurrogateFit* fit) override;

 private:
  // The distribution from which trials are drawn at some time.
  struct Search {
    CmaEs strategy;
    TrialId first = 1;  // of the generation that it is learning from
    int restarts = 0;
  };
  // What a replay reads of a trial.
  struct Told {
    TrialId id;
    TrialState state;
    std::optional<double> value;
    Params params;
  };
  // Where a replay can go on: behind generations of which no result is still to come.
  struct Settled {
    Search search;
    std::vector<Told> told;
  };

  [[nodiscard]] Search start(int restarts) const;
  [[nodiscard]] Search replay(std::span<const Trial> history, TrialId next);
  [[nodiscard]] CmaEs::Member member(const CmaEs& strategy, const Trial& trial) const;
  [[nodiscard]] const Parameter& parameter(std::size_t dimension) const;
  [[nodiscard]] Params decode(std::span<const double> point) const;
  [[nodiscard]] std::vector<double> least_deviations(const CmaEs& strategy) const;

  const StudySpec& spec_;
  std::vector<std::size_t> varying_;  // those of the space's dimensions that have more than one value
  bool continuous_ = false;           // one of them is
  std::size_t population_;            // before restarts
  std::optional<Settled> settled_;    // saves time only: a history that does not begin so is replayed from its start
};

}  // namespace krige::tuner
