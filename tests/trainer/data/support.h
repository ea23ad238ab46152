// What tests of data share: a folder of files, packing, rows as plain vectors.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "trainer/data/convert.h"
#include "trainer/data/data_cache.h"
#include "trainer/data/row_set.h"

namespace krige::trainer::testing {

// With an empty folder of its own, and in it a data cache.
class DataTest : public ::testing::Test {
 protected:
  DataTest();
  ~DataTest() override;
  // Writes a file; gives its path.
  std::string file(const std::string& name, std::string_view content) const;

  std::filesystem::path folder_;
  CacheOptions cache_;
};

[[nodiscard]] std::string gzipped(std::string_view text);
[[nodiscard]] std::string xz_packed(std::string_view text);
[[nodiscard]] std::string zstd_packed(std::string_view text);

// An IDX file of bytes.
[[nodiscard]] std::string idx(const std::vector<std::uint32_t>& dimensions, std::string_view bytes);

// Converted without a cache.
[[nodiscard]] Result<Table> converted(const std::string& path, const TrainData& data, LabelKind label,
                                      const TableInfo* like = nullptr);

// All rows with all columns, row-major.
[[nodiscard]] std::vector<float> features_of(const RowSet& rows);
[[nodiscard]] std::vector<float> targets_of(const RowSet& rows);
[[nodiscard]] std::vector<float> features_of(const Table& table);
template <typename T>
[[nodiscard]] std::vector<std::remove_const_t<T>> vector_of(std::span<T> items) {
  return {items.begin(), items.end()};
}

}  // namespace krige::trainer::testing
