// A sampler that learns next to nothing, but whose points follow from every bit of the history and of the fit.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>

#include "tuner/samplers/sampler.h"

namespace krige::tuner {

class FakeLearner final : public Sampler {
 public:
  // Shared with the test, which outlives the samplers.
  class Bench {
   public:
    // From now on a refit waits until release().
    void hold() { set(held_, true); }
    void release() { set(held_, false); }
    void fail_refits(bool fail) { set(failing_, fail); }
    // Refits that began; those that failed too.
    [[nodiscard]] int refits() {
      const std::lock_guard lock(mutex_);
      return refits_;
    }
    // Waits up to ten seconds until so many began.
    [[nodiscard]] bool wait_for_refits(int count) {
      std::unique_lock lock(mutex_);
      return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return refits_ >= count; });
    }

    // For the sampler: whether the refit works.
    bool enter() {
      std::unique_lock lock(mutex_);
      ++refits_;
      changed_.notify_all();
      changed_.wait(lock, [&] { return !held_; });
      return !failing_;
    }

   private:
    void set(bool& flag, bool value) {
      const std::lock_guard lock(mutex_);
      flag = value;
      changed_.notify_all();
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    bool held_ = false;
    bool failing_ = false;
    int refits_ = 0;
  };

  static constexpr std::int64_t kEvery = 5;  // finished trials between fits

  explicit FakeLearner(std::shared_ptr<Bench> bench) : bench_(std::move(bench)) {}

  [[nodiscard]] Result<Suggestion> propose(std::span<const Trial> history, TrialId next,
                                           const SurrogateFit* fit) override {
    double mix = 0.5 + static_cast<double>(next);
    if (fit != nullptr) {
      const OrderedJson model = parse_json(fit->model).value();
      if (!model.contains("mix")) return fail(ErrorCode::corrupt, "no model of this version");
      mix += model.at("mix").get<double>();
    }
    Suggestion suggestion;
    suggestion.params = {{"x", mixed(history, mix)}};
    suggestion.info.method = "gp";
    if (fit != nullptr) suggestion.info.fit = fit->id;
    return suggestion;
  }

  [[nodiscard]] bool refit_due(std::span<const Trial> history, const SurrogateFit* last) const override {
    return finished(history) >= (last == nullptr ? 0 : last->finished) + kEvery;
  }

  [[nodiscard]] Result<SurrogateFit> refit(std::span<const Trial> history, const SurrogateFit* last) const override {
    if (!bench_->enter()) return fail(ErrorCode::internal, "does not converge");
    SurrogateFit fit;
    fit.finished = finished(history);
    fit.model = fmt::format(R"({{"mix": {}}})", mixed(history, last == nullptr ? 0 : static_cast<double>(last->id)));
    return fit;
  }

 private:
  static std::int64_t finished(std::span<const Trial> history) {
    return std::ranges::count_if(history, [](const Trial& trial) { return is_final(trial.state); });
  }

  static double mixed(std::span<const Trial> history, double mix) {
    for (const Trial& trial : history) {
      const double x = std::get<double>(*find(trial.params, "x"));
      mix = std::fmod(mix * 1.618034 + 0.1 * static_cast<double>(trial.state) + trial.value.value_or(0.7) + x, 1.0);
    }
    return std::fmod(std::abs(mix), 1.0);
  }

  const std::shared_ptr<Bench> bench_;
};

}  // namespace krige::tuner
