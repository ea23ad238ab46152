#include "trainer/models/model.h"

#include "trainer/models/factorization_machine.h"
#include "trainer/models/network.h"

namespace krige::trainer {

Loss loss_of(const TrainJob& job, const DataSummary& data) {
  if (data.regression()) {
    const bool huber = job.loss == RegressionLoss::huber;
    return {huber ? LossKind::huber : LossKind::squared, static_cast<float>(job.huber_delta)};
  }
  const bool one_output = job.model == ModelKind::logistic || job.model == ModelKind::fm;
  return {one_output ? LossKind::logistic : LossKind::cross_entropy};
}

template <typename T>
Result<std::unique_ptr<BasicModel<T>>> make_basic_model(const TrainJob& job, const DataSummary& data) {
  const Loss loss = loss_of(job, data);
  if (job.model == ModelKind::fm) return make_factorization_machine<T>(job, data.columns(), loss);
  std::vector<std::size_t> widths{data.columns()};
  if (job.model == ModelKind::mlp)
    for (const std::int64_t width : job.hidden) widths.push_back(static_cast<std::size_t>(width));
  widths.push_back(loss.kind == LossKind::cross_entropy ? data.classes.size() : 1);
  return make_network<T>(job, widths, loss);
}

template Result<std::unique_ptr<BasicModel<float>>> make_basic_model(const TrainJob&, const DataSummary&);
template Result<std::unique_ptr<BasicModel<double>>> make_basic_model(const TrainJob&, const DataSummary&);

}  // namespace krige::trainer
