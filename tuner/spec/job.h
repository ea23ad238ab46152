// How the parameters of a study set the fields of its training job.
#pragma once

#include "base/train_job.h"
#include "tuner/spec/study_spec.h"

namespace krige::tuner {

// The job of one point: the study's `train` with the point's values in the fields of their names, and the study's seed
// when the job has none. `spec` must have `train`.
[[nodiscard]] Result<TrainJob> job_at(const StudySpec& spec, const Params& params);

// A metric that trials must report, and the path of its name in the study file.
struct JobMetric {
  std::string path;
  std::string name;
};

// Faults: a parameter that names no field, values that the job cannot take, a metric that the trainer does not report.
void check_job(const OrderedJson& train, const Space& space, const std::vector<JobMetric>& metrics, Faults& faults);

}  // namespace krige::tuner
