// What the Gaussian process of a study believes, for people to look at. Pure functions of the study file, the trials
// and the last fit: nothing here changes the study or waits for it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gp/gaussian_process.h"
#include "gp/sensitivity.h"
#include "tuner/samplers/gp_history.h"
#include "tuner/samplers/sampler.h"

namespace krige::tuner {

// A study at one moment.
struct StudySnapshot {
  StudySpec spec;
  std::vector<Trial> trials;  // by id: 1, 2, …
  std::optional<SurrogateFit> fit;
};

// In the metric's own unit and direction.
struct Belief {
  double mean = 0;
  double sd = 0;      // of the function, without the noise
  double log_ei = 0;  // of the expected improvement, given what is running
};

// A line through a point, along one parameter.
struct Slice {
  std::string parameter;
  std::vector<Value> values;  // ascending on the parameter's scale; every value of a parameter with few
  std::vector<Belief> beliefs;
};

// A trial beside the line: where it stands on the parameter, and how much it says about the line there: the process's
// correlation, before any observation, of the trial's point and the line's, in [0, 1].
struct NearTrial {
  TrialId trial = 0;
  double nearness = 0;
};

// A plane through a point, spanned by two parameters; beliefs row by row, x fastest.
struct Contour {
  Slice x, y;  // without beliefs
  std::vector<Belief> beliefs;
};

struct LeftOut {
  TrialId trial = 0;
  double value = 0;
  double mean = 0;  // predicted from all others
  double sd = 0;    // with the noise
  double low = 0;   // two standard deviations below and above, where the process is Gaussian
  double high = 0;
  double z = 0;  // (value − mean)/sd where the process is Gaussian, in the metric's direction
};

// Whether the process is to be believed.
struct Trust {
  std::vector<LeftOut> left_out;  // by trial
  double within_1_sd = 0;         // the part of them; 0.68 and
  double within_2_sd = 0;         // 0.95 for a process to be believed
  double rmse = 0;                // of the predictions, in the metric's unit
  double noise_sd = 0;            // in the metric's unit, where the observations are not warped
  gp::OutputWarp warp = gp::OutputWarp::none;
  gp::Hyperparameters hyperparameters;  // the most probable ones
  int jitter_level = 0;
};

// What the process knew when it chose a trial, and why that was worth it.
struct Reason {
  SuggestionInfo suggestion;
  // Of those that had ended before the trial was made the best; nullopt: none had.
  std::optional<std::pair<TrialId, double>> best_before;
  // The share of the expected improvement that the mean alone brings (u·Φ(u) of u·Φ(u) + φ(u), u standard deviations
  // below the best): 0 where it comes from not knowing. nullopt: nothing was expected of the point.
  std::optional<double> exploitation;
  Belief now;                      // at the trial's point
  std::vector<NearTrial> nearest;  // those of them with a value, by the model as it is now, the nearest first
};

class Explainer {
 public:
  // Errors: conflict while there is nothing to explain: another method, or no fit of the study's own trials yet;
  // corrupt: a fit of another version.
  [[nodiscard]] static Result<Explainer> make(StudySnapshot study);

  [[nodiscard]] const StudySnapshot& study() const { return study_; }
  // A point of the study, from the user or a trial: not_found, invalid_argument as Space::check.
  [[nodiscard]] Result<Params> point_of(TrialId trial) const;
  // The trial of the best posterior mean: what an improvement improves on. With it that mean.
  [[nodiscard]] std::pair<TrialId, double> incumbent() const;

  [[nodiscard]] Belief belief_at(const Params& params) const;
  // The parameters that vary at the point: those along which there is a slice.
  [[nodiscard]] std::vector<std::string> active_at(const Params& params) const;
  // invalid_argument: no parameter that varies at the point.
  [[nodiscard]] Result<Slice> slice(const Params& through, const std::string& parameter, std::size_t points) const;
  // The 400 nearest trials with a value, and all that run, beside the slice, by id; only those in which the parameter
  // is active.
  [[nodiscard]] std::vector<NearTrial> beside(const Params& through, const std::string& parameter) const;
  [[nodiscard]] Result<Contour> contour(const Params& through, const std::string& x, const std::string& y,
                                        std::size_t points) const;
  [[nodiscard]] Trust trust() const;
  // By parameter that varies, in the order of the study file.
  [[nodiscard]] gp::SobolIndices importance() const;
  [[nodiscard]] Result<Reason> reason(TrialId trial) const;

 private:
  Explainer(StudySnapshot study, gp::GaussianProcess process, gp::GaussianProcess given_pending,
            std::vector<TrialId> observed, double sign);

  [[nodiscard]] Result<std::size_t> dimension(const Params& through, const std::string& parameter,
                                              const std::string& field) const;
  [[nodiscard]] std::vector<Belief> beliefs(const gp::Points& points) const;
  [[nodiscard]] const Parameter& parameter(std::size_t dimension) const;

  StudySnapshot study_;
  gp::GaussianProcess process_;
  gp::GaussianProcess given_pending_;  // what the expected improvement is taken of
  std::vector<TrialId> observed_;      // by observation of the process
  double sign_;                        // −1: the metric is maximized
};

// Makes the fit that the next suggestion would be made with, where a new one is due and the suggestion would wait for
// it: so that what is shown of the model is what the suggestion comes from. Whether there is a new one; it is numbered
// as it would be, and `through` is 0. Errors: those of Sampler::refit.
[[nodiscard]] Result<bool> bring_up_to_date(StudySnapshot& study);

// What the study would try next, were it asked now.
struct NextSuggestion {
  TrialId id = 0;
  Suggestion suggestion;
  bool new_fit = false;  // made for it, as it would be
};
// Errors: those of Sampler::propose.
[[nodiscard]] Result<NextSuggestion> next_suggestion(StudySnapshot study);

}  // namespace krige::tuner
