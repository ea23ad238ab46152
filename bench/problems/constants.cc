#include "bench/problems/constants.h"

#include <Eigen/Dense>
#include <numeric>

namespace krige::bench {

Vector Matrix::times(const Vector& x) const {
  Vector out(size);
  for (std::size_t i = 0; i < size; ++i)
    out[i] = std::inner_product(x.begin(), x.end(), values.begin() + static_cast<std::ptrdiff_t>(i * size), 0.0);
  return out;
}

BoxMap BoxMap::identity(Box box) { return BoxMap(std::move(box)); }

BoxMap BoxMap::drawn(Box box, Rng& rng) {
  BoxMap map(std::move(box));
  const std::size_t dims = map.box_.dims();
  map.source_.resize(dims);
  std::iota(map.source_.begin(), map.source_.end(), 0);
  rng.shuffle(std::span(map.source_));
  for (std::size_t i = 0; i < dims; ++i) {
    map.mirrored_.push_back(rng.below(2) == 1);
    map.offset_.push_back(rng.uniform(-0.1, 0.1));
  }
  return map;
}

Vector BoxMap::apply(const Vector& x) const {
  if (source_.empty()) return x;
  Vector z(x.size());
  for (std::size_t i = 0; i < z.size(); ++i) {
    const std::size_t from = source_[i];
    const double u = (x[from] - box_.low[from]) / (box_.high[from] - box_.low[from]);
    z[i] = box_.low[i] + ((mirrored_[i] ? 1 - u : u) + offset_[i]) * (box_.high[i] - box_.low[i]);
  }
  return z;
}

Vector BoxMap::inverse(const Vector& z) const {
  if (source_.empty()) return z;
  Vector x(z.size());
  for (std::size_t i = 0; i < z.size(); ++i) {
    const std::size_t to = source_[i];
    const double v = (z[i] - box_.low[i]) / (box_.high[i] - box_.low[i]) - offset_[i];
    x[to] = box_.low[to] + (mirrored_[i] ? 1 - v : v) * (box_.high[to] - box_.low[to]);
  }
  return x;
}

std::uint64_t name_hash(std::string_view name) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

Constants::Constants(std::string_view problem, std::uint64_t instance) : rng_(name_hash(problem), instance) {}

Vector Constants::uniform(const std::string& name, std::size_t count, double low, double high) {
  if (recorded_ != nullptr) return recorded_->vectors.at(name);
  Vector out(count);
  for (double& x : out) x = rng_.uniform(low, high);
  return out;
}

Vector Constants::shift(std::size_t dims, double low, double high) {
  const double middle = (low + high) / 2;
  const double reach = 0.7 * (high - low) / 2;
  return uniform("shift", dims, middle - reach, middle + reach);
}

Matrix Constants::rotation(std::size_t dims) {
  if (recorded_ != nullptr) return {dims, recorded_->vectors.at("rotation")};
  const auto n = static_cast<Eigen::Index>(dims);
  Eigen::MatrixXd normal(n, n);
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j) normal(i, j) = rng_.normal();
  const Eigen::MatrixXd q = Eigen::HouseholderQR<Eigen::MatrixXd>(normal).householderQ();
  Matrix out{dims, {}};
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j) out.values.push_back(q(i, j));
  return out;
}

BoxMap Constants::map(Box box) {
  return recorded_ != nullptr ? BoxMap::identity(std::move(box)) : BoxMap::drawn(std::move(box), rng_);
}

std::vector<std::size_t> Constants::permutation(std::size_t count) {
  std::vector<std::size_t> out(count);
  std::iota(out.begin(), out.end(), 0);
  if (recorded_ == nullptr) rng_.shuffle(std::span(out));
  return out;
}

}  // namespace krige::bench
