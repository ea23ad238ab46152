// A study by krige::tuner: the program asks for points and tells what they are worth.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <variant>

#include "tuner/spec/study_spec.h"
#include "tuner/study/engine.h"

namespace {

using namespace krige;

constexpr const char* kStudy = R"(
name: consumer
metric: {name: loss, goal: minimize}
method: gp
seed: 1
parameters:
  x: {type: float, min: -5, max: 5}
budget: {max_trials: 12}
)";

Status run() {
  KRIGE_TRY(const OrderedJson document, tuner::yaml_to_json(kStudy));
  KRIGE_TRY(const tuner::StudySpec spec, tuner::parse_study(document));
  KRIGE_TRY(const auto engine, tuner::Engine::open(tuner::make_memory_storage(), /*executor=*/nullptr, {}));
  KRIGE_TRY(const tuner::StudyView study, engine->create_study(spec));
  for (int told = 0; told < 12;) {
    KRIGE_TRY(const auto answer, engine->suggest(study.row.id, 1, "consumer", std::chrono::seconds(10)));
    for (const tuner::Assignment& trial : answer.trials) {
      const double x = std::get<double>(trial.params.front().second);
      KRIGE_CHECK(engine->complete(study.row.id, trial.trial, trial.token, {.value = (x - 1) * (x - 1)}));
      ++told;
    }
  }
  KRIGE_TRY(const tuner::StudyView after, engine->study(study.row.id));
  std::printf("krige::tuner: %.2g after %d trials\n", after.best->value, 12);
  return after.best->value < 1e-2 ? Status() : fail(ErrorCode::internal, "the optimum was not found");
}

}  // namespace

int main() {
  const Status done = run();
  if (!done) std::fprintf(stderr, "%s\n", done.error().describe().c_str());
  return done ? 0 : 1;
}
