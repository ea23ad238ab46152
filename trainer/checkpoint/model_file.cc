#include "trainer/checkpoint/model_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "base/json.h"

namespace krige::trainer {
namespace {

constexpr std::string_view kMagic = "KRIGEMDL";
constexpr std::uint32_t kVersion = 2;  // 2: with the training table's columns
constexpr std::size_t kMaxFileBytes = std::size_t{3} << 30;
constexpr std::size_t kFixedBytes = kMagic.size() + 2 * sizeof(std::uint32_t);

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void append(std::string& to, std::uint32_t value) { to.append(reinterpret_cast<const char*>(&value), sizeof value); }

std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

Status write_model(const std::string& path, const TrainJob& job, const DataSummary& data,
                   std::span<const float> weights) {
  OrderedJson header;
  header["job"] = to_json(job);
  header["job"].erase("workers");
  header["job"].erase("shards");
  header["job"].erase("transport");
  KRIGE_TRY(header["data"], parse_json(to_text(data)));
  header["weights"] = weights.size();
  const std::string text = header.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  std::string content(kMagic);
  append(content, kVersion);
  append(content, static_cast<std::uint32_t>(text.size()));
  content += text;
  content.append(reinterpret_cast<const char*>(weights.data()), weights.size_bytes());
  append(content, checksum(content));
  return write_file_atomically(path, content);
}

Result<ModelFile> read_model(const std::string& path) {
  KRIGE_TRY(const std::string content, read_file(path, kMaxFileBytes));
  const auto damaged = [&](std::string_view why) { return fail(ErrorCode::corrupt, fmt::format("{}: {}", path, why)); };
  if (content.size() < kFixedBytes + sizeof(std::uint32_t) || content.compare(0, kMagic.size(), kMagic) != 0)
    return damaged("is not a model");
  if (const std::uint32_t version = u32_at(content, kMagic.size()); version != kVersion)
    return damaged(fmt::format("is of version {}, this program reads {}", version, kVersion));
  const std::string_view checked = std::string_view(content).substr(0, content.size() - sizeof(std::uint32_t));
  if (checksum(checked) != u32_at(content, checked.size())) return damaged("is damaged");
  const std::size_t header_bytes = u32_at(content, kMagic.size() + sizeof(std::uint32_t));
  if (header_bytes > checked.size() - kFixedBytes) return damaged("has a header longer than the file");
  KRIGE_TRY(const OrderedJson header, parse_json(checked.substr(kFixedBytes, header_bytes)));
  const std::string_view weights = checked.substr(kFixedBytes + header_bytes);
  if (!header.is_object() || !header.contains("job") || !header.contains("data") || !header.contains("weights") ||
      header["weights"] != weights.size() / sizeof(float) || weights.size() % sizeof(float) != 0)
    return damaged("has a header that does not fit");
  ModelFile model;
  KRIGE_TRY(model.job, parse_train_job(header["job"]));
  KRIGE_TRY(model.data, parse_data_summary(header["data"].dump()));
  model.weights.resize(weights.size() / sizeof(float));
  std::memcpy(model.weights.data(), weights.data(), weights.size());
  return model;
}

}  // namespace krige::trainer
