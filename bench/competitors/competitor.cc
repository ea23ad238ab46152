#include "bench/competitors/competitor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <optional>
#include <utility>

#include "bench/competitors/dlib_search.h"
#include "bench/competitors/optuna.h"

namespace krige::bench {
namespace {

constexpr std::array kOurs = {tuner::Method::gp, tuner::Method::random, tuner::Method::sobol, tuner::Method::cmaes};
// With the name of the sampler in peer_optuna.py.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kOptuna = {
    {{"optuna-tpe", "tpe"}, {"optuna-cmaes", "cmaes"}}};
constexpr std::string_view kDlib = "dlib";

std::optional<tuner::Method> ours(std::string_view name) {
  for (const tuner::Method method : kOurs)
    if (tuner::name(method) == name) return method;
  return std::nullopt;
}

std::optional<std::string_view> optuna_sampler(std::string_view name) {
  for (const auto& [method, sampler] : kOptuna)
    if (method == name) return sampler;
  return std::nullopt;
}

Status check_name(std::string_view method) {
  for (const std::string& name : method_names())
    if (name == method) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("there is no method {}: {}", method, fmt::join(method_names(), ", ")));
}

class OwnSampler final : public Competitor {
 public:
  explicit OwnSampler(tuner::StudySpec spec) : spec_(std::move(spec)), sampler_(spec_) {}
  Result<Proposal> ask(std::span<const tuner::Trial> history, TrialId next) override {
    KRIGE_TRY(tuner::Suggestion suggestion, sampler_.propose(history, next));
    return Proposal{std::move(suggestion), 0};
  }
  Status tell(const tuner::Trial& /*trial*/) override { return {}; }  // it reads the history

 private:
  tuner::StudySpec spec_;
  tuner::FittingSampler sampler_;
};

}  // namespace

const std::vector<std::string>& method_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const tuner::Method method : kOurs) out.emplace_back(tuner::name(method));
    for (const auto& [method, sampler] : kOptuna) out.emplace_back(method);
    out.emplace_back(kDlib);
    return out;
  }();
  return names;
}

Status check_available(std::string_view method) {
  KRIGE_CHECK(check_name(method));
  if (optuna_sampler(method)) KRIGE_CHECK(OptunaProcess::start());
  if (method == kDlib && !has_dlib()) {
    return fail(ErrorCode::unavailable, "this program was built without dlib (Debian's libdlib-dev)");
  }
  return {};
}

Status check_suitable(std::string_view method, const Problem& problem) {
  KRIGE_CHECK(check_name(method));
  if (const auto own = ours(method)) KRIGE_CHECK(problem.study(*own, 1));
  return {};
}

Result<std::unique_ptr<Competitor>> make_competitor(std::string_view method, const Problem& problem,
                                                    std::uint64_t seed) {
  KRIGE_CHECK(check_name(method));
  if (const auto own = ours(method)) {
    KRIGE_TRY(tuner::StudySpec spec, problem.study(*own, seed));
    return std::make_unique<OwnSampler>(std::move(spec));
  }
  if (const auto sampler = optuna_sampler(method)) return make_optuna(*sampler, problem.space, seed);
  return make_dlib_search(problem.space, seed);
}

}  // namespace krige::bench
