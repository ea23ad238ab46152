#include "gp/hypervolume/log_ehvi.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gp/acquisition/log_ei.h"

namespace krige::gp {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();
// A sum of products below this, relative to the largest there could be, has lost what underflowed.
constexpr double kUnderflow = 1e-200;

}  // namespace

// ψ at every threshold of every objective, the one at −∞ first.
struct HypervolumeImprovement::Marginals {
  struct Psi {
    double log = kMinusInfinity;
    double scaled = 0;   // relative to ψ at the reference
    double by_mean = 0;  // of the logarithm
    double by_sd = 0;
  };
  std::array<std::vector<Psi>, kMaxObjectives> psi;
  double log_scale = 0;  // log of the product of ψ at the reference
};

HypervolumeImprovement::HypervolumeImprovement(std::span<const Objectives> points, std::span<const double> reference) {
  const std::vector<Box> boxes = free_boxes(points, reference);
  for (std::size_t j = 0; j < reference.size(); ++j) {
    std::vector<double>& levels = thresholds_.emplace_back();
    for (const Box& box : boxes) levels.push_back(box.high[j]);
    levels.push_back(reference[j]);
    std::ranges::sort(levels);
    levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  }
  for (const Box& box : boxes) {
    Cell& cell = cells_.emplace_back();
    for (std::size_t j = 0; j < reference.size(); ++j) {
      const std::vector<double>& levels = thresholds_[j];
      const auto index = [&](double level) {
        return static_cast<std::uint16_t>(std::ranges::upper_bound(levels, level) - levels.begin());
      };
      cell.low[j] = index(box.low[j]);
      cell.high[j] = index(box.high[j]);
    }
  }
}

HypervolumeImprovement::Marginals HypervolumeImprovement::marginals(std::span<const Normal> objectives) const {
  Marginals out;
  for (std::size_t j = 0; j < thresholds_.size(); ++j) {
    auto& psi = out.psi[j];
    psi.resize(thresholds_[j].size() + 1);
    for (std::size_t k = 0; k < thresholds_[j].size(); ++k) {
      const LogEi ei = log_ei(objectives[j].mean, objectives[j].sd, thresholds_[j][k]);
      psi[k + 1] = {ei.value, 0, ei.by_mean, ei.by_sd};
    }
    out.log_scale += psi.back().log;
    for (auto& one : psi) one.scaled = std::exp(one.log - psi.back().log);
  }
  return out;
}

double HypervolumeImprovement::log_expected(std::span<const Normal> objectives) const {
  const Marginals all = marginals(objectives);
  double sum = 0;
  for (const Cell& cell : cells_) {
    double product = 1;
    for (std::size_t j = 0; j < thresholds_.size(); ++j)
      product *= all.psi[j][cell.high[j]].scaled - all.psi[j][cell.low[j]].scaled;
    sum += product;
  }
  return sum > kUnderflow ? all.log_scale + std::log(sum) : in_logarithms(all).log_improvement;
}

HypervolumeImprovement::Value HypervolumeImprovement::log_expected_with_gradient(
    std::span<const Normal> objectives) const {
  const Marginals all = marginals(objectives);
  const std::size_t m = thresholds_.size();
  double sum = 0;
  Value out;
  for (const Cell& cell : cells_) {
    std::array<double, kMaxObjectives> extent{};
    double product = 1;
    for (std::size_t j = 0; j < m; ++j) {
      extent[j] = all.psi[j][cell.high[j]].scaled - all.psi[j][cell.low[j]].scaled;
      product *= extent[j];
    }
    sum += product;
    for (std::size_t j = 0; j < m; ++j) {
      double others = 1;
      for (std::size_t i = 0; i < m; ++i) others *= i == j ? 1 : extent[i];
      const auto &high = all.psi[j][cell.high[j]], &low = all.psi[j][cell.low[j]];
      out.by_mean[j] += others * (high.scaled * high.by_mean - low.scaled * low.by_mean);
      out.by_sd[j] += others * (high.scaled * high.by_sd - low.scaled * low.by_sd);
    }
  }
  if (sum <= kUnderflow) return in_logarithms(all);
  out.log_improvement = all.log_scale + std::log(sum);
  for (std::size_t j = 0; j < m; ++j) {
    out.by_mean[j] /= sum;
    out.by_sd[j] /= sum;
  }
  return out;
}

HypervolumeImprovement::Value HypervolumeImprovement::in_logarithms(const Marginals& all) const {
  const std::size_t m = thresholds_.size();
  Value out{kMinusInfinity, {}, {}};
  double weight_sum = 0;  // relative to the largest log so far
  for (const Cell& cell : cells_) {
    double log_product = 0;
    std::array<double, kMaxObjectives> by_mean{}, by_sd{};
    for (std::size_t j = 0; j < m && log_product > kMinusInfinity; ++j) {
      const auto &high = all.psi[j][cell.high[j]], &low = all.psi[j][cell.low[j]];
      const double ratio = std::exp(low.log - high.log), rest = -std::expm1(low.log - high.log);
      log_product = rest > 0 ? log_product + high.log + std::log(rest) : kMinusInfinity;
      by_mean[j] = (high.by_mean - ratio * low.by_mean) / rest;
      by_sd[j] = (high.by_sd - ratio * low.by_sd) / rest;
    }
    if (!(log_product > kMinusInfinity)) continue;
    const double top = std::max(out.log_improvement, log_product);
    const double fade = std::exp(out.log_improvement - top), weight = std::exp(log_product - top);
    weight_sum = weight_sum * fade + weight;
    for (std::size_t j = 0; j < m; ++j) {
      out.by_mean[j] = out.by_mean[j] * fade + weight * by_mean[j];
      out.by_sd[j] = out.by_sd[j] * fade + weight * by_sd[j];
    }
    out.log_improvement = top;
  }
  if (!(weight_sum > 0)) return {kMinusInfinity, {}, {}};
  out.log_improvement += std::log(weight_sum);
  for (std::size_t j = 0; j < m; ++j) {
    out.by_mean[j] /= weight_sum;
    out.by_sd[j] /= weight_sum;
  }
  return out;
}

}  // namespace krige::gp
