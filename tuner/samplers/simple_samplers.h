// Samplers that do not learn: random, scrambled Sobol, grid.
#pragma once

#include "base/sobol.h"
#include "tuner/samplers/sampler.h"
#include "tuner/samplers/used_points.h"

namespace krige::tuner {

// Independent draws from the parameters' priors.
class RandomSampler final : public Sampler {
 public:
  explicit RandomSampler(const StudySpec& spec) : spec_(spec) {}
  [[nodiscard]] Result<Suggestion> propose(std::span<const Trial> history, TrialId next,
                                           const SurrogateFit* fit) override;

 private:
  const StudySpec& spec_;
  UsedPoints used_;
};

// The space evenly filled: trial k takes point k of the sequence, unless that decodes to a point that was used.
class SobolSampler final : public Sampler {
 public:
  explicit SobolSampler(const StudySpec& spec) : spec_(spec) {}
  [[nodiscard]] Result<Suggestion> propose(std::span<const Trial> history, TrialId next,
                                           const SurrogateFit* fit) override;

 private:
  const StudySpec& spec_;
  UsedPoints used_;
};

// Every point of a finite space in order, the last parameter fastest.
class GridSampler final : public Sampler {
 public:
  explicit GridSampler(const StudySpec& spec) : spec_(spec), cursor_(spec.space) {}
  [[nodiscard]] Result<Suggestion> propose(std::span<const Trial> history, TrialId next,
                                           const SurrogateFit* fit) override;

 private:
  const StudySpec& spec_;
  UsedPoints used_;
  GridCursor cursor_;
  std::optional<Params> current_;  // the cursor's point, until a history has it
};

}  // namespace krige::tuner
