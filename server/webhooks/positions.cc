#include "server/webhooks/positions.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "base/json.h"

namespace krige::server {

Result<Positions> Positions::open(std::filesystem::path file) {
  Positions positions(std::move(file));
  std::error_code error;
  if (!std::filesystem::exists(positions.file_, error)) return positions;
  const auto corrupt = [&](const std::string& why) {
    return fail(ErrorCode::corrupt, fmt::format("{}: {}", positions.file_.string(), why));
  };
  KRIGE_TRY(const std::string text, read_file(positions.file_.string()));
  const Result<OrderedJson> json = parse_json(text);
  if (!json) return corrupt(json.error().describe());
  if (!json->is_object()) return corrupt("must be an object");
  for (const auto& [study, seq] : json->items()) {
    if (!seq.is_number_unsigned()) return corrupt(study + " must be a number");
    positions.seqs_[study] = seq.get<std::uint64_t>();
  }
  positions.is_new_ = false;
  return positions;
}

std::uint64_t Positions::of(const StudyId& study) const {
  const auto found = seqs_.find(study);
  return found == seqs_.end() ? 0 : found->second;
}

Status Positions::save() const {
  OrderedJson json = OrderedJson::object();
  for (const auto& [study, seq] : seqs_) json[study] = seq;
  return write_file_atomically(file_.string(), json.dump() + "\n", 0600);
}

}  // namespace krige::server
