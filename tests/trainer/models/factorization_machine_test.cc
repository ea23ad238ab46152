#include "trainer/models/factorization_machine.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace krige::trainer {
namespace {

// Rendle 2010, eq. 1, as it stands: a sum over all pairs.
TEST(FactorizationMachine, IsTheSumOverAllPairs) {
  constexpr std::size_t kFeatures = 6;
  constexpr std::size_t kFactors = 4;
  constexpr std::size_t kStride = kFactors + 1;
  TrainJob job;
  job.model = ModelKind::fm;
  job.factors = kFactors;
  const auto model = make_factorization_machine<double>(job, kFeatures, {LossKind::squared}).value();
  ASSERT_EQ(model->parameters(), kFeatures * kStride + 1);
  Rng rng(2);
  std::vector<double> w(model->parameters());
  for (double& weight : w) weight = rng.normal();
  for (int row = 0; row < 20; ++row) {
    Floats x(kFeatures);
    for (float& value : x) value = rng.uniform() < 0.5 ? 0.0F : static_cast<float>(rng.normal());
    double z = w.back();
    for (std::size_t i = 0; i < kFeatures; ++i) {
      z += w[i * kStride] * static_cast<double>(x[i]);
      for (std::size_t j = i + 1; j < kFeatures; ++j) {
        double product = 0;
        for (std::size_t f = 1; f <= kFactors; ++f) product += w[i * kStride + f] * w[j * kStride + f];
        z += product * static_cast<double>(x[i]) * static_cast<double>(x[j]);
      }
    }
    const float target[] = {0.25F};
    Examples rows;
    rows.columns = kFeatures;
    rows.features = x;
    rows.targets = target;
    EXPECT_NEAR(model->evaluate(w, rows).loss, (z - 0.25) * (z - 0.25) / 2, 1e-10 * (1 + z * z));
  }
}

TEST(FactorizationMachine, TooManyParametersAreAnError) {
  TrainJob job;
  job.factors = 4096;
  const auto model = make_factorization_machine<float>(job, 1 << 20, {LossKind::squared});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().field, "factors");
}

}  // namespace
}  // namespace krige::trainer
