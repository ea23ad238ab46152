#include "tuner/samplers/gp_transfer.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "gp/fit/fit.h"

namespace krige::tuner {
namespace {

// Of an older study, at most so many trials are used: its model is asked for every suggestion.
constexpr std::size_t kMaxTrials = 150;
// The ranking is that of at most so many observations.
constexpr std::size_t kMaxRanked = 60;
constexpr std::size_t kDraws = 200;
constexpr double kSurprise = 1.6;

// Pairs of observations that `predicted` puts in another order.
std::size_t misordered(std::span<const double> predicted, std::span<const double> losses) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    for (std::size_t j = i + 1; j < losses.size(); ++j) {
      if (losses[i] != losses[j] && (predicted[i] < predicted[j]) != (losses[i] < losses[j])) ++count;
    }
  }
  return count;
}

std::size_t quantile(std::vector<std::size_t> values, double q) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, at);
  return *at;
}

// By draw.
using Losses = std::vector<std::size_t>;

Result<Losses> losses_of(const gp::GaussianProcess& source, const GpHistory& present, Rng& rng) {
  KRIGE_TRY(const std::vector<double> draws, source.sample(present.points, kDraws, rng));
  const std::size_t n = present.losses.size();
  Losses out;
  for (std::size_t k = 0; k < kDraws; ++k)
    out.push_back(misordered(std::span(draws).subspan(k * n, n), present.losses));
  return out;
}

Losses losses_of_own(const gp::GaussianProcess& own, const GpHistory& present, Rng& rng) {
  // Of the same observations: the process has them all, `present` perhaps a part.
  const std::vector<gp::Prediction> predictions = own.leave_one_out();
  std::vector<double> draw(present.losses.size());
  Losses out;
  for (std::size_t k = 0; k < kDraws; ++k) {
    for (std::size_t i = 0; i < draw.size(); ++i) draw[i] = predictions[i].mean + predictions[i].sd * rng.normal();
    out.push_back(misordered(draw, present.losses));
  }
  return out;
}

// Whether the source orders the observations better than chance would: Kendall's τ above its standard deviation for
// independent rankings (Kendall 1938).
bool is_related(const gp::GaussianProcess& source, const GpHistory& present) {
  std::vector<double> means;
  for (const gp::Prediction& one : source.predict(present.points)) means.push_back(one.mean);
  const auto n = static_cast<double>(means.size());
  const double pairs = n * (n - 1) / 2;
  const double tau = 1 - 2 * static_cast<double>(misordered(means, present.losses)) / pairs;
  return tau >= kSurprise * std::sqrt(2 * (2 * n + 5) / (9 * n * (n - 1)));
}

}  // namespace

OlderStudies::OlderStudies(const StudySpec& spec, const gp::InputSpace& space) : space_(space) {
  const double sign = spec.metric.goal == Goal::minimize ? 1 : -1;
  for (const OlderStudy& study : spec.warm_start) {
    Data data{{space.size(), {}}, {}};
    for (const auto& [params, value] : study.trials) {
      data.points.append(spec.space.encode(params));
      data.losses.push_back(sign * value);
    }
    keep_what_matters(data.points, data.losses, kMaxTrials);
    data_.push_back(std::move(data));
  }
}

Result<std::vector<SourceModel>> OlderStudies::learn(std::uint64_t seed) const {
  std::vector<SourceModel> models;
  for (const Data& data : data_) {
    Rng rng(seed, models.size());
    KRIGE_TRY(gp::Learned learned, gp::learn(space_, data.points, data.losses, {}, rng));
    models.push_back({std::move(learned.hyperparameters), learned.warp, 0});
  }
  return models;
}

Result<std::vector<gp::GaussianProcess>> OlderStudies::processes(const std::vector<SourceModel>& models) const {
  if (models.size() != data_.size()) return fail(ErrorCode::corrupt, "is of other older studies", "model.sources");
  std::vector<gp::GaussianProcess> out;
  for (std::size_t i = 0; i < models.size(); ++i) {
    KRIGE_TRY(gp::GaussianProcess process,
              gp::GaussianProcess::from_state({gp::State::kVersion, space_, data_[i].points, data_[i].losses,
                                               models[i].warp, models[i].objective}));
    out.push_back(std::move(process));
  }
  return out;
}

Result<std::vector<double>> ranking_weights(const std::vector<gp::GaussianProcess>& sources,
                                            const gp::GaussianProcess* own, const GpHistory& present, Rng& rng) {
  std::vector<double> weights(sources.size(), 1 / static_cast<double>(sources.size()));
  if (present.losses.size() < 2) return weights;
  std::vector<Losses> all;
  for (const gp::GaussianProcess& source : sources) {
    KRIGE_TRY(Losses losses, losses_of(source, present, rng));
    all.push_back(std::move(losses));
  }
  if (own != nullptr) all.push_back(losses_of_own(*own, present, rng));
  std::vector<bool> takes_part(all.size(), true);
  for (std::size_t s = 0; s < sources.size(); ++s) {
    takes_part[s] =
        is_related(sources[s], present) && (own == nullptr || quantile(all[s], 0.5) <= quantile(all.back(), 0.95));
  }

  std::vector<double> wins(all.size(), 0);
  for (std::size_t k = 0; k < kDraws; ++k) {
    std::optional<std::size_t> least;
    std::size_t winners = 0;
    for (std::size_t s = 0; s < all.size(); ++s) {
      if (!takes_part[s] || (least && all[s][k] > *least)) continue;
      winners = least && all[s][k] == *least ? winners + 1 : 1;
      least = all[s][k];
    }
    for (std::size_t s = 0; s < all.size(); ++s)
      if (least && takes_part[s] && all[s][k] == *least) wins[s] += 1 / static_cast<double>(winners);
  }
  for (std::size_t s = 0; s < sources.size(); ++s) weights[s] = wins[s] / static_cast<double>(kDraws);
  return weights;
}

}  // namespace krige::tuner
