#include "tuner/spec/run_limits.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace krige::tuner {
namespace {

Limits limits_of(const char* json, std::string* faults = nullptr) {
  Faults found;
  const Limits limits = read_limits(parse_json(json).value(), found);
  if (faults != nullptr) *faults = found.empty() ? "" : found.error().describe();
  return limits;
}

TEST(RunLimits, AmountsOfMemory) {
  EXPECT_EQ(parse_bytes("2GB"), 2'000'000'000U);
  EXPECT_EQ(parse_bytes("2GiB"), std::uint64_t{2} << 30);
  EXPECT_EQ(parse_bytes("1.5 MB"), 1'500'000U);
  EXPECT_EQ(parse_bytes("1024"), 1024U);
  for (const char* wrong : {"", "GB", "2 gigs", "-1GB", "2GB 3", "99999999TB"})
    EXPECT_EQ(parse_bytes(wrong), std::nullopt) << wrong;
  for (const std::uint64_t bytes :
       {std::uint64_t{1}, std::uint64_t{1'500'000}, std::uint64_t{3} << 30, std::uint64_t{12'345'678}})
    EXPECT_EQ(parse_bytes(bytes_to_string(bytes)), bytes);
  EXPECT_EQ(bytes_to_string(std::uint64_t{2} << 30), "2GiB");
  EXPECT_EQ(bytes_to_string(512'000'000), "512MB");
}

TEST(RunLimits, AreReadAndWritten) {
  const Limits limits = limits_of(R"({"time": "90s", "cpu_time": 3600, "memory": "512MB"})");
  EXPECT_EQ(limits.time, Millis(90'000));
  EXPECT_EQ(limits.cpu_time, Millis(3'600'000));
  EXPECT_EQ(limits.memory_bytes, 512'000'000U);
  EXPECT_EQ(to_json(limits).dump(), R"({"time":"1m30s","cpu_time":"1h","memory":"512MB"})");
}

TEST(RunLimits, FaultsNameTheField) {
  std::string faults;
  limits_of(R"({"time": "soon", "memory": 512, "cpus": 2})", &faults);
  EXPECT_EQ(faults,
            "limits.time: must be a duration such as 30m, 1h30m or 45s, is \"soon\"\n"
            "limits.memory: must be an amount of at least 1MB, such as 512MB or 2GiB, is 512\n"
            "limits.cpus: is not a known key");
}

TEST(RunLimits, AreToldInWords) {
  const Limits limits = limits_of(R"({"time": "30m", "memory": "2GB"})");
  EXPECT_EQ(describe(Limit::time, limits), "took longer than its limit of 30m");
  EXPECT_EQ(describe(Limit::memory, limits), "out of memory: used more than its limit of 2GB");
}

}  // namespace
}  // namespace krige::tuner
