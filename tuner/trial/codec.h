// The JSON of trials and records, as docs/rest.md has it: for events, REST, the store's text columns and `sweep
// --json`. As text at once, since it is most of what a busy service writes; as a document for who takes it apart.
#pragma once

#include "base/json.h"
#include "base/json_writer.h"
#include "tuner/trial/trial.h"

namespace krige::tuner {

// Tokens are secrets of their attempt's holder and never part of it.
void write(JsonWriter& json, const Trial& trial);
void write(JsonWriter& json, const Record& record);  // {"step", "metrics"}
void write(JsonWriter& json, const SuggestionInfo& info);

[[nodiscard]] OrderedJson to_json(const Trial& trial);
[[nodiscard]] OrderedJson to_json(const SuggestionInfo& info);

// The members `values` and `constraints` of a trial, where it has any, and reads them out of it.
void write_outcome(JsonWriter& json, const Trial& trial);
[[nodiscard]] Status read_outcome(const OrderedJson* values, const OrderedJson* constraints, Trial& trial);

[[nodiscard]] Result<SuggestionInfo> suggestion_from_json(const OrderedJson& json);
// {name: number}; a value that is no number is a fault below `path`.
[[nodiscard]] Result<Metrics> metrics_from_json(const OrderedJson& json, const std::string& path);

}  // namespace krige::tuner
