// Gaussian-process Bayesian optimization: a scrambled Sobol design, then the points of highest expected improvement.
#pragma once

#include <optional>
#include <vector>

#include "base/rng.h"
#include "gp/acquisition/suggest.h"
#include "tuner/samplers/gp_history.h"
#include "tuner/samplers/gp_model.h"
#include "tuner/samplers/sampler.h"
#include "tuner/samplers/used_points.h"

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
  struct Knowledge;

  // Of labels and logarithms, which have no scale to be warped.
  [[nodiscard]] Result<std::vector<gp::Hyperparameters>> learn_unwarped(
      const gp::Points& points, const std::vector<double>& values, const std::vector<gp::Hyperparameters>& previous,
      Rng& rng) const;
  // Adds the models of the older studies to `model`, with what they are worth now.
  Status learn_sources(const GpHistory& data, const std::optional<GpModel>& previous, GpModel& model, Rng& rng) const;

  // In the design there are older studies only.
  [[nodiscard]] Result<Knowledge> know(const GpHistory& data, GpModel model, bool in_design) const;
  // What the acquisition holds for the next points, the best first.
  [[nodiscard]] Result<std::vector<gp::Suggestion>> rank(const GpHistory& data, const Knowledge& knowledge,
                                                         bool in_design, const UsedPoints& used, Rng& rng) const;
  // What the model expected, in the metrics' own units and directions.
  void describe(const gp::Suggestion& made, SuggestionInfo& info) const;
  // The trial whose point should be measured again rather than the first of `ranked` for the first time, by the
  // knowledge gradient; null: none.
  [[nodiscard]] Result<const Trial*> worth_measuring_again(std::span<const Trial> history, const GpHistory& data,
                                                           const gp::GaussianProcess& process,
                                                           const std::vector<gp::Suggestion>& ranked, Rng& rng) const;

  const StudySpec& spec_;
  std::unique_ptr<Model> model_;
};

}  // namespace krige::tuner
