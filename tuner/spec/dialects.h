// Study files of other tuners in Krige's words, for parse_study(), which finds what is wrong with their values. W&B's
// need no translation: they are read as they are.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace krige::tuner {

// `notes` gets what was left out; faults have the paths of the document.

// Katib's Experiment (kubeflow.org/v1beta1).
[[nodiscard]] bool is_katib(const OrderedJson& document);
[[nodiscard]] OrderedJson translate_katib(const OrderedJson& document, std::vector<std::string>& notes, Faults& faults);

// NNI's experiment (versions 2 and 3), or its search space alone. `folder`: where searchSpaceFile is.
[[nodiscard]] bool is_nni(const OrderedJson& document);
[[nodiscard]] OrderedJson translate_nni(const OrderedJson& document, const std::string& folder,
                                        std::vector<std::string>& notes, Faults& faults);

// The text of a member of an object; empty when it is absent or no text.
[[nodiscard]] std::string text_in(const OrderedJson& object, const char* key);

// A document of neither comes back as it is.
[[nodiscard]] Result<OrderedJson> translate(OrderedJson document, const std::string& folder,
                                            std::vector<std::string>& notes);

}  // namespace krige::tuner
