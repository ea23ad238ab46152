#include "bench/competitors/dlib_search.h"

#include <dlib/global_optimization/global_function_search.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "tuner/samplers/gp_space.h"

namespace krige::bench {
namespace {

class DlibSearch final : public Competitor {
 public:
  DlibSearch(const tuner::Space& space, std::uint64_t seed)
      : space_(space), inputs_(tuner::make_input_space(space)), search_(box(inputs_)) {
    search_.set_seed(static_cast<time_t>(seed));
  }

  Result<Proposal> ask(std::span<const tuner::Trial> /*history*/, TrialId next) override {
    dlib::function_evaluation_request request = search_.get_next_x();
    std::vector<double> point(inputs_.size());
    for (std::size_t d = 0; d < point.size(); ++d) {
      const gp::Dimension& dimension = inputs_.dimensions[d];
      const double x = request.x()(static_cast<long>(d));
      point[d] = dimension.kind == gp::DimensionKind::continuous
                     ? x
                     : gp::value_of(dimension, std::min<std::int64_t>(std::llround(x), dimension.levels - 1));
    }
    gp::canonicalize(inputs_, point);  // inactive coordinates become so
    pending_.emplace(next, std::move(request));
    Proposal out;
    out.suggestion.params = space_.decode(point);
    out.suggestion.info.method = "dlib";
    return out;
  }

  // It knows no failure: one is as bad as the worst value.
  Status tell(const tuner::Trial& trial) override {
    if (trial.value) worst_ = std::max(worst_, *trial.value);
    const auto at = pending_.find(trial.id);
    at->second.set(-trial.value.value_or(std::isfinite(worst_) ? worst_ : 0.0));  // it maximizes
    pending_.erase(at);
    return {};
  }

 private:
  static dlib::function_spec box(const gp::InputSpace& inputs) {
    const auto dims = static_cast<long>(inputs.size());
    dlib::matrix<double, 0, 1> low = dlib::zeros_matrix<double>(dims, 1), high = dlib::ones_matrix<double>(dims, 1);
    std::vector<bool> integer;
    for (long d = 0; d < dims; ++d) {
      const gp::Dimension& dimension = inputs.dimensions[static_cast<std::size_t>(d)];
      integer.push_back(dimension.kind != gp::DimensionKind::continuous);
      // Bounds must differ: a single level has an integer that is not used.
      if (integer.back()) high(d) = static_cast<double>(std::max<std::int64_t>(dimension.levels - 1, 1));
    }
    return {low, high, integer};
  }

  const tuner::Space& space_;
  gp::InputSpace inputs_;
  dlib::global_function_search search_;
  std::map<TrialId, dlib::function_evaluation_request> pending_;
  double worst_ = -std::numeric_limits<double>::infinity();
};

}  // namespace

bool has_dlib() { return true; }

Result<std::unique_ptr<Competitor>> make_dlib_search(const tuner::Space& space, std::uint64_t seed) {
  return std::make_unique<DlibSearch>(space, seed);
}

}  // namespace krige::bench
