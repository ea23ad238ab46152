// What handlers read of a request and how they answer, in JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "server/router.h"
#include "tuner/trial/trial.h"

namespace krige::server {

[[nodiscard]] Reply json_reply(const OrderedJson& json, int status = 200);
// `json`: text that is JSON.
[[nodiscard]] Reply json_text_reply(std::string json, int status = 200);

// The body; {} when there is none.
[[nodiscard]] Result<OrderedJson> json_body(const Request& request);
// The error when the call has any query or body: for calls that take none of them.
[[nodiscard]] Status expect_nothing(const Request& request);
// not_found when {trial} is no number of a trial.
[[nodiscard]] Result<TrialId> trial_id(const Call& call);

// The body's `metrics`, {name: number} of at least one; empty when absent or wrong.
[[nodiscard]] tuner::Metrics read_metrics(ObjectReader& reader, Faults& faults);

// Reads the query as strictly as ObjectReader reads a body.
class QueryReader {
 public:
  explicit QueryReader(const Request& request) : query_(request.query) {}

  // Absent or wrong: `otherwise`.
  std::uint64_t number(std::string_view name, std::uint64_t low, std::uint64_t high, std::uint64_t otherwise);
  std::string text(std::string_view name);
  // All values of a parameter that may be given several times, or once with commas.
  std::vector<std::string> list(std::string_view name);
  void fault(std::string_view name, std::string message) { faults_.add(std::string(name), std::move(message)); }
  // Call last: parameters that nobody asked for are faults.
  [[nodiscard]] Status finish();

 private:
  std::vector<std::string> take(std::string_view name);

  const Fields& query_;
  std::vector<std::string> known_;
  Faults faults_;
};

}  // namespace krige::server
