// Gaussian-process Bayesian optimization: a scrambled Sobol design, then the points of highest expected improvement.
#pragma once

#include "tuner/samplers/sampler.h"

namespace krige::tuner {

class GpSampler final : public Sampler {
 public:
  explicit GpSampler(const StudySpec& spec);
  ~GpSampler() override;
  [[nodiscard]] Result<Suggestion> propose(std::span<const Trial> history, TrialId next,
                                           const SurrogateFit* fit) override;
  [[nodiscard]] bool refit_due(std::span<const Trial> history, const SurrogateFit* last) const override;
  [[nodiscard]] Result<SurrogateFit> refit(std::span<const Trial> history, const SurrogateFit* last) const override;

 private:
  struct Model;
  const StudySpec& spec_;
  std::unique_ptr<Model> model_;
};

}  // namespace krige::tuner
