#include "tuner/samplers/simple_samplers.h"

#include "tuner/samplers/cma_es_sampler.h"
#include "tuner/samplers/gp_sampler.h"

namespace krige::tuner {
namespace {

SuggestionInfo made_by(const char* method) {
  SuggestionInfo info;
  info.method = method;
  return info;
}

// The user's default comes first, whatever the method.
std::optional<Suggestion> default_first(const StudySpec& spec, std::span<const Trial> history) {
  if (!history.empty()) return std::nullopt;
  std::optional<Params> point = spec.space.default_point();
  if (!point) return std::nullopt;
  return Suggestion{std::move(*point), made_by("default")};
}

class DefaultFirst final : public Sampler {
 public:
  DefaultFirst(const StudySpec& spec, std::unique_ptr<Sampler> sampler) : spec_(spec), sampler_(std::move(sampler)) {}
  [[nodiscard]] Result<Suggestion> propose(std::span<const Trial> history, TrialId next,
                                           const SurrogateFit* fit) override {
    if (std::optional<Suggestion> first = default_first(spec_, history)) return std::move(*first);
    return sampler_->propose(history, next, fit);
  }
  [[nodiscard]] bool refit_due(std::span<const Trial> history, const SurrogateFit* last) const override {
    return sampler_->refit_due(history, last);
  }
  [[nodiscard]] Result<SurrogateFit> refit(std::span<const Trial> history, const SurrogateFit* last) const override {
    return sampler_->refit(history, last);
  }

 private:
  const StudySpec& spec_;
  std::unique_ptr<Sampler> sampler_;
};

std::unique_ptr<Sampler> sampler_of(const StudySpec& spec) {
  switch (spec.method) {
    case Method::random:
      return std::make_unique<RandomSampler>(spec);
    case Method::sobol:
      return std::make_unique<SobolSampler>(spec);
    case Method::grid:
      return std::make_unique<GridSampler>(spec);
    case Method::cmaes:
      return std::make_unique<CmaEsSampler>(spec);
    case Method::gp:
      break;
  }
  return std::make_unique<GpSampler>(spec);
}

}  // namespace

std::unique_ptr<Sampler> make_sampler(const StudySpec& spec) {
  if (spec.method == Method::grid) return sampler_of(spec);  // its order is the point of it
  return std::make_unique<DefaultFirst>(spec, sampler_of(spec));
}

Result<Suggestion> RandomSampler::propose(std::span<const Trial> history, TrialId next, const SurrogateFit* /*fit*/) {
  Rng rng(spec_.seed, static_cast<std::uint64_t>(next));
  used_.follow(history);
  KRIGE_TRY(Params point, used_.any_unused(spec_.space, rng));
  return Suggestion{std::move(point), made_by("random")};
}

Result<Suggestion> SobolSampler::propose(std::span<const Trial> history, TrialId next, const SurrogateFit* /*fit*/) {
  used_.follow(history);
  std::vector<double> u(spec_.space.dimensions().size());
  if (!u.empty()) {
    SobolSequence sequence(u.size(), mix64(spec_.seed) | 1U);  // 0 would be the unscrambled sequence
    sequence.skip(static_cast<std::uint64_t>(next - 1));
    sequence.next(u);
    Params point = spec_.space.at_quantiles(u);
    if (!used_.contains(point)) return Suggestion{std::move(point), made_by("sobol")};
  }
  Rng rng(spec_.seed, static_cast<std::uint64_t>(next));
  KRIGE_TRY(Params point, used_.any_unused(spec_.space, rng));
  return Suggestion{std::move(point), made_by("sobol")};
}

Result<Suggestion> GridSampler::propose(std::span<const Trial> history, TrialId /*next*/, const SurrogateFit* /*fit*/) {
  used_.follow(history);
  Rng rng(spec_.seed);
  if (!current_) current_ = cursor_.next(rng);
  while (current_ && used_.contains(*current_)) current_ = cursor_.next(rng);
  if (!current_) return fail(ErrorCode::space_exhausted, "every point of the grid has been tried");
  return Suggestion{*current_, made_by("grid")};
}

}  // namespace krige::tuner
