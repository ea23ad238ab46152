#include "trainer/checkpoint/checkpoint_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "base/fd.h"
#include "base/json.h"
#include "trainer/job_text.h"

namespace krige::trainer {
namespace {

constexpr std::string_view kMagic = "KRIGECKP";
constexpr std::uint32_t kVersion = 2;  // 2: with the training table's columns
constexpr std::size_t kMaxFileBytes = std::size_t{8} << 30;

enum Section : std::size_t { job, data, clock, weights, state };
constexpr std::array<std::string_view, 5> kSections{"job", "data", "clock", "weights", "state"};

constexpr std::size_t kNameBytes = 8;
constexpr std::size_t kEntryBytes = kNameBytes + 2 * sizeof(std::uint64_t);
constexpr std::size_t kTableBytes = kMagic.size() + 2 * sizeof(std::uint32_t) + kSections.size() * kEntryBytes;
constexpr std::size_t kHeadBytes = kTableBytes + sizeof(std::uint64_t);

using Sections = std::array<std::string_view, kSections.size()>;

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

template <typename T>
void append(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T value_at(std::string_view bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::string_view bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

Floats floats_of(std::string_view bytes) {
  Floats values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

std::string head_of(const Sections& sections) {
  std::string head(kMagic);
  append(head, kVersion);
  append(head, static_cast<std::uint32_t>(sections.size()));
  for (std::size_t i = 0; i < sections.size(); ++i) {
    head += kSections[i];
    head.resize(head.size() + kNameBytes - kSections[i].size(), '\0');
    append(head, static_cast<std::uint64_t>(sections[i].size()));
    append(head, static_cast<std::uint64_t>(checksum(sections[i])));
  }
  append(head, static_cast<std::uint64_t>(checksum(head)));
  return head;
}

Unexpected refuse(const std::string& path, std::string_view why, ErrorCode code = ErrorCode::corrupt) {
  return fail(code, fmt::format("{}: {}", path, why));
}

// Nothing of a table is believed before its checksum is right; every section's length is checked all the same.
Result<Sections> split(const std::string& path, std::string_view content) {
  if (content.size() < kMagic.size() + sizeof kVersion || !content.starts_with(kMagic))
    return refuse(path, "is not a checkpoint");
  if (const auto version = value_at<std::uint32_t>(content, kMagic.size()); version != kVersion)
    return refuse(path, fmt::format("is a checkpoint of version {}, this program reads {}", version, kVersion),
                  ErrorCode::unsupported);
  if (content.size() < kHeadBytes ||
      value_at<std::uint64_t>(content, kTableBytes) != checksum(content.substr(0, kTableBytes)))
    return refuse(path, "is a damaged checkpoint: its table of sections is not what was written");
  Sections sections;
  std::string_view rest = content.substr(kHeadBytes);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const std::size_t entry = kTableBytes - (sections.size() - i) * kEntryBytes;
    const auto bytes = value_at<std::uint64_t>(content, entry + kNameBytes);
    if (bytes > rest.size())
      return refuse(path, fmt::format("is a damaged checkpoint: it ends within its {}", kSections[i]));
    sections[i] = rest.substr(0, bytes);
    rest.remove_prefix(bytes);
    if (checksum(sections[i]) != value_at<std::uint64_t>(content, entry + kNameBytes + sizeof bytes))
      return refuse(path, fmt::format("is a damaged checkpoint: its {} is not what was written", kSections[i]));
  }
  if (!rest.empty()) return refuse(path, "is a damaged checkpoint: something is behind its end");
  return sections;
}

// What decides about a training's numbers.
OrderedJson essence(const TrainJob& job) {
  OrderedJson json = to_json(job);
  json.erase("transport");
  if (job.mode != TrainMode::bsp) return json;
  json.erase("workers");
  json.erase("shards");
  return json;
}

}  // namespace

Status write_checkpoint(const std::string& path, const Checkpoint& checkpoint) {
  const std::string job_json = job_text(checkpoint.job);
  std::string position;
  append(position, checkpoint.clock);
  append(position, checkpoint.version);
  append(position, checkpoint.steps_per_epoch);
  append(position, checkpoint.job.seed);
  const Sections sections{job_json, checkpoint.data, position, bytes_of(checkpoint.weights),
                          bytes_of(checkpoint.state)};
  std::string content = head_of(sections);
  for (const std::string_view section : sections) content += section;
  return write_file_atomically(path, content);
}

Result<Checkpoint> read_checkpoint(const std::string& path) {
  if (std::error_code error; !std::filesystem::exists(path, error) && !error)
    return refuse(path, "there is no such checkpoint", ErrorCode::not_found);
  KRIGE_TRY(const std::string content, read_file(path, kMaxFileBytes));
  KRIGE_TRY(const Sections sections, split(path, content));
  Checkpoint checkpoint;
  KRIGE_TRY(checkpoint.job, parse_job_text(sections[job]));
  checkpoint.data = sections[data];
  const std::string_view position = sections[clock];
  if (position.size() != 4 * sizeof(std::uint64_t) || sections[weights].size() % sizeof(float) != 0 ||
      (sections[weights].empty() ? !sections[state].empty() : sections[state].size() % sections[weights].size() != 0))
    return refuse(path, "has sections that do not fit together");
  checkpoint.clock = value_at<std::uint64_t>(position, 0);
  checkpoint.version = value_at<std::uint64_t>(position, 8);
  checkpoint.steps_per_epoch = value_at<std::uint64_t>(position, 16);
  if (value_at<std::uint64_t>(position, 24) != checkpoint.job.seed || checkpoint.steps_per_epoch == 0)
    return refuse(path, "has sections that do not fit together");
  checkpoint.weights = floats_of(sections[weights]);
  checkpoint.state = floats_of(sections[state]);
  return checkpoint;
}

Status check_same_job(const Checkpoint& checkpoint, const TrainJob& job) {
  const OrderedJson there = essence(checkpoint.job);
  const OrderedJson here = essence(job);
  std::string differences;
  for (const auto& [field, value] : here.items())
    if (const OrderedJson other = there.value(field, OrderedJson()); other != value)
      differences += fmt::format("{}{} is {} there and {} here", differences.empty() ? "" : ", ", field, other.dump(),
                                 value.dump());
  if (differences.empty()) return {};
  return fail(ErrorCode::conflict, fmt::format("the checkpoint is of another job: {}", differences));
}

}  // namespace krige::trainer
