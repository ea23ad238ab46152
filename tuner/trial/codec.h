// The JSON of trials and records, as docs/rest.md has it: for events, REST, the store's text columns and `sweep
// --json`.
#pragma once

#include "base/json.h"
#include "tuner/trial/trial.h"

namespace krige::tuner {

// Tokens are secrets of their attempt's holder and never part of it.
[[nodiscard]] OrderedJson to_json(const Trial& trial);
[[nodiscard]] OrderedJson to_json(const Attempt& attempt);
[[nodiscard]] OrderedJson to_json(const Record& record);  // {"step", "metrics"}
[[nodiscard]] OrderedJson to_json(const SuggestionInfo& info);
[[nodiscard]] OrderedJson metrics_to_json(const std::vector<std::pair<std::string, double>>& metrics);

// Adds `values` and `constraints` to a trial's JSON, where it has any, and reads them out of it.
void add_outcome(const Trial& trial, OrderedJson& json);
[[nodiscard]] Status read_outcome(const OrderedJson* values, const OrderedJson* constraints, Trial& trial);

[[nodiscard]] Result<SuggestionInfo> suggestion_from_json(const OrderedJson& json);
// {name: number}; a value that is no number is a fault below `path`.
[[nodiscard]] Result<std::vector<std::pair<std::string, double>>> metrics_from_json(const OrderedJson& json,
                                                                                    const std::string& path);

}  // namespace krige::tuner
