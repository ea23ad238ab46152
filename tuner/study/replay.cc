#include "tuner/study/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>

#include "tuner/study/codec.h"
#include "tuner/study/events.h"
#include "tuner/study/history.h"
#include "tuner/trial/codec.h"

namespace krige::tuner {
namespace {

Unexpected corrupt(const Event& event, std::string_view what) {
  return fail(ErrorCode::corrupt, fmt::format("event {} ({}): {}", event.seq, event.type, what));
}

// What a History holds of it; the rest of a trial's JSON says nothing to a sampler.
Result<Trial> trial_of(const Event& event) {
  const Result<OrderedJson> json = parse_json(event.data);
  if (!json) return corrupt(event, json.error().describe());
  Faults faults;
  ObjectReader members(*json, "", faults);
  static const OrderedJson kNone;
  const OrderedJson* held = members.raw("trial");
  ObjectReader reader(held == nullptr ? kNone : *held, "trial", faults);
  const auto read = [&](const char* key, auto parse) {
    reader.require(key);
    const OrderedJson* value = reader.raw(key);
    auto parsed = parse(value == nullptr ? kNone : *value);
    if (!parsed) {
      faults.add(parsed.error().within("trial"));
      parsed.emplace();
    }
    return *std::move(parsed);
  };
  Trial trial;
  reader.require("id");
  trial.id = reader.integer_in("id", 1, INT64_MAX).value_or(0);
  const std::optional<TrialState> state = trial_state(reader.string("state").value_or(""));
  if (!state) reader.fault("state", "must be a state of a trial");
  trial.state = state.value_or(TrialState::waiting);
  trial.params = read("params", params_from_json);
  trial.suggestion = read("suggestion", suggestion_from_json);
  if (const OrderedJson* value = reader.raw("value"); value != nullptr) trial.value = number_from_json(*value);
  if (const Status outcome = read_outcome(reader.raw("values"), reader.raw("constraints"), trial); !outcome)
    faults.add(outcome.error().within("trial"));
  if (!faults.empty()) return corrupt(event, faults.error().describe());
  return trial;
}

bool same_bits(const Value& a, const Value& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  if (x == nullptr || y == nullptr) return a == b;
  return std::bit_cast<std::uint64_t>(*x) == std::bit_cast<std::uint64_t>(*y);
}

bool same_bits(const Params& a, const Params& b) {
  return std::ranges::equal(
      a, b, [](const auto& x, const auto& y) { return x.first == y.first && same_bits(x.second, y.second); });
}

// The study as it was at an event, which moves on.
class Past {
 public:
  explicit Past(std::span<const Event> events) : events_(events) {}

  Status advance(std::uint64_t through) {
    through_ = through;
    for (; !events_.empty() && events_.front().seq <= through; events_ = events_.subspan(1))
      KRIGE_CHECK(take_in(events_.front()));
    return {};
  }
  [[nodiscard]] std::uint64_t through() const { return through_; }
  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] const SurrogateFit* fit() const { return fit_ ? &*fit_ : nullptr; }

 private:
  Status take_in(const Event& event) {
    if (event.type == kSurrogateFitted) {
      const Result<SurrogateFit> fit = surrogate_fit_from_text(event.data);
      if (!fit) return corrupt(event, fit.error().describe());
      fit_ = *fit;
    } else if (event.type == kTrialCreated || event.type == kTrialStateChanged) {
      KRIGE_TRY(const Trial trial, trial_of(event));
      const bool is_new = event.type == kTrialCreated;
      if (is_new ? trial.id != history_.next() : trial.id >= history_.next())
        return corrupt(event, fmt::format("the study has {} trials before it, not trial {}", history_.next() - 1,
                                          is_new ? trial.id - 1 : trial.id));
      history_.put(trial);
    }
    return {};
  }

  std::span<const Event> events_;  // still to come
  std::uint64_t through_ = 0;
  History history_;
  std::optional<SurrogateFit> fit_;
};

}  // namespace

Result<Replay> replay(Sampler& sampler, std::span<const Event> events) {
  Replay result;
  Past past(events);
  for (const Event& event : events) {
    if (event.type != kTrialCreated) continue;
    KRIGE_TRY(const Trial recorded, trial_of(event));
    const auto& [through, fit] = std::pair(recorded.suggestion.through, recorded.suggestion.fit);
    if (!through) {
      ++result.skipped;
      continue;
    }
    if (*through < past.through()) return corrupt(event, "was made from less than the trial before it");
    KRIGE_CHECK(past.advance(*through));
    if (recorded.id != past.history().next())
      return corrupt(event,
                     fmt::format("was made from {} trials, is trial {}", past.history().next() - 1, recorded.id));
    if (fit && (past.fit() == nullptr || past.fit()->id != *fit))
      return corrupt(event, fmt::format("was made with fit {}, which is not the last one before it", *fit));
    const Result<Suggestion> again = sampler.propose(past.history().trials(), recorded.id, past.fit());
    ++result.made;
    if (!again || !same_bits(again->params, recorded.params)) result.differing.push_back(recorded.id);
  }
  return result;
}

}  // namespace krige::tuner
