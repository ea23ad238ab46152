#include "tuner/spec/dialects.h"

#include <nlohmann/json.hpp>

namespace krige::tuner {

std::string text_in(const OrderedJson& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<OrderedJson> translate(OrderedJson document, const std::string& folder, std::vector<std::string>& notes) {
  Faults faults;
  if (is_katib(document))
    document = translate_katib(document, notes, faults);
  else if (is_nni(document))
    document = translate_nni(document, folder, notes, faults);
  if (!faults.empty()) return fail(faults.error());
  return document;
}

}  // namespace krige::tuner
