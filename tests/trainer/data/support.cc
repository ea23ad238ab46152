#include "tests/trainer/data/support.h"

#include <lzma.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <fstream>

namespace krige::trainer::testing {
namespace {

// The same rows with every column, in `features`.
Examples densified(const Examples& rows, Floats& features) {
  features.assign(rows.rows() * rows.columns, 0);
  for (std::size_t i = 0; i < rows.rows(); ++i)
    for (std::uint64_t e = rows.offsets[i]; e < rows.offsets[i + 1]; ++e)
      features[i * rows.columns + rows.ids[e]] = rows.values.empty() ? 1.0F : rows.values[e];
  Examples dense;
  dense.columns = rows.columns;
  dense.features = features;
  dense.targets = rows.targets;
  return dense;
}

}  // namespace

DataTest::DataTest() {
  std::string name = ::testing::TempDir() + "/krige_data_XXXXXX";
  folder_ = ::mkdtemp(name.data());
  cache_.folder = folder_ / "cache";
}

DataTest::~DataTest() { std::filesystem::remove_all(folder_); }

std::string DataTest::file(const std::string& name, std::string_view content) const {
  std::string path = folder_ / name;
  // Thousands of files a run: without a sync for each.
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << content;
  EXPECT_TRUE(stream.flush());
  return path;
}

std::string gzipped(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

std::string xz_packed(std::string_view text) {
  std::string packed(::lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t size = 0;
  EXPECT_EQ(
      ::lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()),
                                text.size(), reinterpret_cast<std::uint8_t*>(packed.data()), &size, packed.size()),
      LZMA_OK);
  packed.resize(size);
  return packed;
}

std::string zstd_packed(std::string_view text) {
  std::string packed(::ZSTD_compressBound(text.size()), '\0');
  // With a checksum, as the zstd program writes it.
  ZSTD_CCtx* context = ::ZSTD_createCCtx();
  ::ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  const std::size_t size = ::ZSTD_compress2(context, packed.data(), packed.size(), text.data(), text.size());
  ::ZSTD_freeCCtx(context);
  EXPECT_EQ(::ZSTD_isError(size), 0U);
  packed.resize(size);
  return packed;
}

std::string idx(const std::vector<std::uint32_t>& dimensions, std::string_view bytes) {
  std::string file{'\0', '\0', '\x08', static_cast<char>(dimensions.size())};
  for (const std::uint32_t size : dimensions)
    for (const unsigned shift : {24U, 16U, 8U, 0U}) file += static_cast<char>(size >> shift & 255);
  return file.append(bytes);
}

Result<Table> converted(const std::string& path, const TrainData& data, LabelKind label, const TableInfo* like) {
  KRIGE_TRY(TableWriter writer, TableWriter::create(std::nullopt));
  return convert({path, &data, label, like}, std::move(writer), [] {});
}

std::vector<float> features_of(const RowSet& rows) {
  RowBuffers buffers;
  const Examples examples = rows.slice(0, rows.size(), buffers);
  Floats features;
  return vector_of(examples.sparse() ? densified(examples, features).features : examples.features);
}

std::vector<float> targets_of(const RowSet& rows) {
  RowBuffers buffers;
  return vector_of(rows.slice(0, rows.size(), buffers).targets);
}

std::vector<float> features_of(const Table& table) {
  const TableInfo& info = table.info();
  if (info.layout == Layout::dense_f32) return vector_of(table.features());
  if (info.layout == Layout::dense_u8) return {table.bytes().begin(), table.bytes().end()};
  Examples rows;
  rows.columns = info.columns;
  rows.offsets = table.offsets();
  rows.ids = table.ids();
  rows.values = table.values();
  rows.targets = table.targets();
  Floats features;
  return vector_of(densified(rows, features).features);
}

}  // namespace krige::trainer::testing
