#include "gp/kernels/embedding.h"

#include <cmath>
#include <numbers>

namespace krige::gp {
namespace {

constexpr double kAngle = std::numbers::pi / 2;
constexpr double kRadius = 1 / kAngle;

}  // namespace

Embedding::Embedding(const InputSpace& space) {
  for (std::size_t d = 0; d < space.size(); ++d) {
    const Dimension& dimension = space.dimensions[d];
    conditional_.push_back(!dimension.when.empty());
    if (dimension.kind == DimensionKind::categorical) {
      category_dimensions_.push_back(d);
    } else {
      feature_dimensions_.insert(feature_dimensions_.end(), conditional_[d] ? 2 : 1, d);
    }
  }
}

Inputs Embedding::embed(const Points& points) const {
  const auto n = static_cast<Eigen::Index>(points.size());
  Inputs inputs{Eigen::MatrixXd(n, static_cast<Eigen::Index>(feature_dimensions_.size())),
                Eigen::MatrixXi(n, static_cast<Eigen::Index>(category_dimensions_.size()))};
  for (Eigen::Index i = 0; i < n; ++i) {
    const std::span<const double> point = points.row(static_cast<std::size_t>(i));
    for (std::size_t f = 0; f < feature_dimensions_.size(); ++f) {
      const std::size_t d = feature_dimensions_[f];
      const auto column = static_cast<Eigen::Index>(f);
      if (!conditional_[d]) {
        inputs.features(i, column) = point[d];
        continue;
      }
      const bool active = !std::isnan(point[d]);
      const double angle = active ? kAngle * (point[d] - 0.5) : 0;
      inputs.features(i, column) = active ? kRadius * std::cos(angle) : 0;
      inputs.features(i, column + 1) = active ? kRadius * std::sin(angle) : 0;
      ++f;
    }
    for (std::size_t c = 0; c < category_dimensions_.size(); ++c) {
      const double level = point[category_dimensions_[c]];
      inputs.categories(i, static_cast<Eigen::Index>(c)) = std::isnan(level) ? -1 : static_cast<int>(level);
    }
  }
  return inputs;
}

void Embedding::derivatives(std::span<const double> point, Eigen::Ref<Eigen::VectorXd> out) const {
  for (std::size_t f = 0; f < feature_dimensions_.size(); ++f) {
    const std::size_t d = feature_dimensions_[f];
    const auto row = static_cast<Eigen::Index>(f);
    if (!conditional_[d]) {
      out(row) = 1;
      continue;
    }
    const bool active = !std::isnan(point[d]);
    const double angle = active ? kAngle * (point[d] - 0.5) : 0;
    out(row) = active ? -std::sin(angle) : 0;
    out(row + 1) = active ? std::cos(angle) : 0;
    ++f;
  }
}

}  // namespace krige::gp
