// What it costs to read a file of data: text to table, then the table from the cache, beside the speed of the memory.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/train_job.h"
#include "trainer/data/data_cache.h"
#include "trainer/data/dataset.h"
#include "trainer/data/number.h"

namespace krige::bench {
namespace {

using trainer::Table;

template <typename Work>
double seconds_of(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Anonymous memory of this process.
double anonymous_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::stod(line.substr(8)) / 1024;
  return 0;
}

// Bytes a second that a copy reads, of a buffer far larger than the caches.
double copy_speed() {
  constexpr std::size_t kBytes = std::size_t{1} << 28;
  std::vector<char> from(kBytes, 1);
  std::vector<char> to(kBytes, 2);
  double best = 1e9;
  for (int i = 0; i < 5; ++i) best = std::min(best, seconds_of([&] { std::memcpy(to.data(), from.data(), kBytes); }));
  return to[kBytes / 2] == 1 ? static_cast<double>(kBytes) / best : 0;
}

int run(const OrderedJson& job_json, int repeats) {
  const auto job = parse_train_job(job_json);
  if (!job) {
    fmt::print(stderr, "error: {}\n", job.error().describe());
    return exit_code(job.error().code);
  }
  std::string name = std::filesystem::temp_directory_path() / "krige_data_load_XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(name.data());
  trainer::CacheOptions cache;
  cache.folder = folder;
  const double before = anonymous_megabytes();
  double memory = 0;
  const trainer::Progress progress = [&] { memory = std::max(memory, anonymous_megabytes() - before); };
  std::vector<double> parse;
  std::vector<double> cold;
  std::vector<double> warm;
  Status failed;
  const trainer::TableRequest request{job->data.path, &job->data, trainer::LabelKind::either, nullptr};
  for (int i = 0; i < repeats && failed; ++i) {
    parse.push_back(seconds_of([&] {
      auto writer = trainer::TableWriter::create(std::nullopt);
      const auto table = writer ? trainer::convert(request, *std::move(writer), progress)
                                : Result<Table>(tl::unexpected(writer.error()));
      if (!table) failed = fail(table.error());
    }));
    std::filesystem::remove_all(folder);
    for (std::vector<double>* times : {&cold, &warm})
      times->push_back(seconds_of([&] {
        const auto data = trainer::load_dataset(
            *job, [] {}, cache);
        if (!data) failed = fail(data.error());
      }));
  }
  std::filesystem::remove_all(folder);
  if (!failed) {
    fmt::print(stderr, "error: {}\n", failed.error().describe());
    return exit_code(failed.error().code);
  }
  const auto bytes = static_cast<double>(std::filesystem::file_size(job->data.path));
  const double copied = copy_speed();
  const double best = std::ranges::min(parse);
  const OrderedJson report{{"file", job->data.path},
                           {"megabytes", bytes / 1e6},
                           {"convert_seconds", best},
                           {"convert_megabytes_per_second", bytes / 1e6 / best},
                           {"convert_anonymous_megabytes", memory},
                           {"load_into_cache_seconds", std::ranges::min(cold)},
                           {"load_from_cache_seconds", std::ranges::min(warm)},
                           {"floor_seconds", bytes / copied},
                           {"memory_megabytes_per_second", copied / 1e6}};
  fmt::print("{}\n", report.dump(2));
  return 0;
}

}  // namespace
}  // namespace krige::bench

int main(int argc, char** argv) {
  CLI::App app{"Measures how fast data are read"};
  std::string path;
  std::string format = "csv";
  std::string label;
  std::string model = "linear";
  int repeats = 3;
  app.add_option("file", path, "CSV, TSV, libsvm or IDX")->required()->check(CLI::ExistingFile);
  app.add_option("--format", format, "csv, tsv, libsvm or idx");
  app.add_option("--label", label, "column of the label, by name or index, for csv and tsv");
  app.add_option("--model", model, "what the labels are for");
  app.add_option("--repeats", repeats)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  krige::OrderedJson data{{"path", path}, {"format", format}, {"validation", 0}};
  if (const auto index = krige::trainer::as_number(label))
    data["label"] = static_cast<std::int64_t>(*index);
  else if (!label.empty())
    data["label"] = label;
  return krige::bench::run({{"model", model}, {"data", std::move(data)}}, repeats);
}
