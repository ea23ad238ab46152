// The JSON of a study, as docs/rest.md has it.
#pragma once

#include <string>

#include "base/json.h"
#include "base/json_writer.h"
#include "tuner/study/engine.h"

namespace krige::tuner {

enum class WithSpec { no, yes };
[[nodiscard]] OrderedJson to_json(const StudyView& study, WithSpec with_spec = WithSpec::yes);
// {"seq", "type", "time", …members of its data}
void write(JsonWriter& json, const Event& event);
[[nodiscard]] OrderedJson to_json(const Event& event);

// Members of the event SURROGATE_FITTED.
[[nodiscard]] OrderedJson to_json(const SurrogateFit& fit);
[[nodiscard]] Result<SurrogateFit> surrogate_fit_from_json(const OrderedJson& json);
[[nodiscard]] Result<SurrogateFit> surrogate_fit_from_text(const std::string& text);

}  // namespace krige::tuner
