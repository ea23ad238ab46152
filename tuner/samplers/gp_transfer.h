// What older studies say about the present one: a Gaussian process for each, and how much it is to be believed.
#pragma once

#include <vector>

#include "gp/gaussian_process.h"
#include "tuner/samplers/gp_history.h"
#include "tuner/samplers/gp_model.h"
#include "tuner/spec/study_spec.h"

namespace krige::tuner {

// A value; const methods may be called from several threads.
class OlderStudies {
 public:
  OlderStudies(const StudySpec& spec, const gp::InputSpace& space);
  [[nodiscard]] bool empty() const { return data_.empty(); }

  // One model a study, of weight 0. Errors: as gp::learn.
  [[nodiscard]] Result<std::vector<SourceModel>> learn(std::uint64_t seed) const;
  // corrupt: the models are not those of these studies.
  [[nodiscard]] Result<std::vector<gp::GaussianProcess>> processes(const std::vector<SourceModel>& models) const;

 private:
  struct Data {
    gp::Points points;
    std::vector<double> losses;
  };
  gp::InputSpace space_;
  std::vector<Data> data_;
};

// The probability of each source to order the present study's observations best, among the sources and `own` (null:
// there is none yet), of which the predictions of each observation from the others count (Feurer et al., "Practical
// transfer learning for Bayesian optimization", 2018: RGPE). A source that orders them worse than `own` does, most
// probably, has weight 0. Without two observations all sources are equal. What is left of 1 is the weight of `own`.
[[nodiscard]] Result<std::vector<double>> ranking_weights(const std::vector<gp::GaussianProcess>& sources,
                                                          const gp::GaussianProcess* own, const GpHistory& present,
                                                          Rng& rng);

}  // namespace krige::tuner
