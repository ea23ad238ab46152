#include "trainer/data/table_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "trainer/data/byte_source.h"

namespace krige::trainer {
namespace {

constexpr std::string_view kMagic = "KRIGEDAT";
constexpr std::string_view kVersion = "1";
constexpr std::size_t kMaxMetaBytes = std::size_t{1} << 30;
constexpr std::size_t kCheckBytes = std::size_t{4} << 20;

std::string hex(std::uint64_t hash) { return fmt::format("{:016x}", hash); }
std::string hash_of(std::string_view bytes) { return hex(XXH3_64bits(bytes.data(), bytes.size())); }

struct FreeHash {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};
using HashState = std::unique_ptr<XXH3_state_t, FreeHash>;
HashState new_hash() {
  HashState state(XXH3_createState());
  XXH3_64bits_reset(state.get());
  return state;
}

std::string hash_in_pieces(std::span<const char> bytes, const Progress& progress) {
  const HashState state = new_hash();
  for (std::size_t at = 0; at < bytes.size(); at += kCheckBytes) {
    const auto piece = bytes.subspan(at, std::min(kCheckBytes, bytes.size() - at));
    XXH3_64bits_update(state.get(), piece.data(), piece.size());
    progress();
  }
  return hex(XXH3_64bits_digest(state.get()));
}

std::string path_of(const std::string& folder, Section section) { return fmt::format("{}/{}", folder, name(section)); }

// What must hold between a table's numbers and the sizes of its sections.
std::array<std::uint64_t, kSections> sizes_for(const TableInfo& info) {
  const std::uint64_t cell = info.layout == Layout::dense_u8 ? 1 : sizeof(float);
  const bool sparse = info.sparse();
  return {sparse ? 0 : info.rows * info.columns * cell, sparse ? (info.rows + 1) * sizeof(std::uint64_t) : 0,
          sparse ? info.entries * sizeof(std::uint32_t) : 0,
          sparse && !info.unit_values ? info.entries * sizeof(float) : 0, info.rows * sizeof(float)};
}

// Names the state of the files' content: after another start of the machine, or another write, it must be checked anew.
Result<std::string> state_of_files(const std::string& folder) {
  KRIGE_TRY(std::string text, read_file("/proc/sys/kernel/random/boot_id"));
  for (std::size_t s = 0; s < kSections; ++s) {
    KRIGE_TRY(const FileIdentity file, identity_of(path_of(folder, static_cast<Section>(s))));
    text += fmt::format("{} {} {} {}\n", file.inode, file.size, file.modified, file.changed);
  }
  return text;
}

// Of use only to the next reader: without it the content is checked again.
void note_checked(const std::string& folder) {
  if (const auto state = state_of_files(folder))
    if (const Status noted = write_file_atomically(folder + "/checked", *state); !noted) return;
}

bool is_checked(const std::string& folder) {
  const auto noted = read_file(folder + "/checked");
  if (!noted) return false;
  const auto state = state_of_files(folder);
  return state && *state == *noted;
}

struct Meta {
  TableInfo info;
  std::array<std::string, kSections> hashes;
};

std::string to_text(const Meta& meta) {
  OrderedJson json{{"table", OrderedJson::parse(to_text(meta.info))}, {"hashes", meta.hashes}};
  const std::string body = json.dump();
  return fmt::format("{} {} {}\n{}", kMagic, kVersion, hash_of(body), body);
}

Result<Meta> parse_meta(const std::string& text) {
  const std::size_t end = text.find('\n');
  const std::string body = end == std::string::npos ? "" : text.substr(end + 1);
  if (text.substr(0, end) != fmt::format("{} {} {}", kMagic, kVersion, hash_of(body)))
    return fail(ErrorCode::corrupt, "the data cache is damaged, or of another version");
  KRIGE_TRY(const OrderedJson json, parse_json(body));
  Meta meta;
  try {
    KRIGE_TRY(meta.info, parse_table_info(json.at("table").dump()));
    json.at("hashes").get_to(meta.hashes);
  } catch (const OrderedJson::exception& error) {
    return fail(ErrorCode::corrupt, std::string("the data cache is not complete: ") + error.what());
  }
  return meta;
}

// Memory if there is no place for files.
Result<UniqueFd> nameless_file() {
  const char* folder = std::getenv("TMPDIR");
  UniqueFd file(::open(folder == nullptr ? "/tmp" : folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) file = UniqueFd(::memfd_create("krige-data", MFD_CLOEXEC));
  if (!file) return fail_errno(errno, "cannot create a temporary file");
  return file;
}

}  // namespace

std::string_view name(Section section) {
  constexpr std::array<std::string_view, kSections> kNames{"features", "offsets", "ids", "values", "targets"};
  return kNames[static_cast<std::size_t>(section)];
}

Result<Mapping> Mapping::of(int fd, Access access) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno(errno, "cannot look at a section of data");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return Mapping();
  const int protection = access == Access::write ? PROT_READ | PROT_WRITE : PROT_READ;
  void* at = ::mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) return fail_errno(errno, "cannot map a section of data");
  return Mapping(std::span(static_cast<char*>(at), size));
}

Mapping::~Mapping() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

Result<Table> Table::open(const std::string& folder, const Progress& progress) {
  KRIGE_TRY(const std::string text, read_file(folder + "/meta", kMaxMetaBytes));
  KRIGE_TRY(const Meta meta, parse_meta(text));
  Table table;
  table.info_ = meta.info;
  const bool checked = is_checked(folder);
  const auto sizes = sizes_for(meta.info);
  for (std::size_t s = 0; s < kSections; ++s) {
    const std::string path = path_of(folder, static_cast<Section>(s));
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno(errno, fmt::format("cannot open {}", path));
    KRIGE_TRY(table.sections_[s], Mapping::of(file.get(), Mapping::Access::read));
    const Mapping& section = table.sections_[s];
    if (section.size_bytes() != sizes[s] ||
        (!checked && hash_in_pieces(section.as<const char>(), progress) != meta.hashes[s]))
      return fail(ErrorCode::corrupt, fmt::format("{}: is damaged", path));
  }
  if (!checked) note_checked(folder);
  return table;
}

struct TableWriter::State {
  struct Part {
    UniqueFd file;
    HashState hash = new_hash();
    bool rewritten = false;
  };
  std::optional<std::string> folder;
  std::array<Part, kSections> parts;
};

TableWriter::TableWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
TableWriter::TableWriter(TableWriter&&) noexcept = default;
TableWriter& TableWriter::operator=(TableWriter&&) noexcept = default;
TableWriter::~TableWriter() = default;

Result<TableWriter> TableWriter::create(const std::optional<std::string>& folder) {
  auto state = std::make_unique<State>();
  state->folder = folder;
  for (std::size_t s = 0; s < kSections; ++s) {
    UniqueFd& file = state->parts[s].file;
    if (!folder) {
      KRIGE_TRY(file, nameless_file());
      continue;
    }
    const std::string path = path_of(*folder, static_cast<Section>(s));
    file = UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return fail_errno(errno, fmt::format("cannot create {}", path));
  }
  return TableWriter(std::move(state));
}

Status TableWriter::append_bytes(Section section, std::string_view bytes) {
  State::Part& part = state_->parts[static_cast<std::size_t>(section)];
  XXH3_64bits_update(part.hash.get(), bytes.data(), bytes.size());
  return write_all(part.file.get(), bytes);
}

Result<Mapping> TableWriter::rewrite(Section section) {
  State::Part& part = state_->parts[static_cast<std::size_t>(section)];
  part.rewritten = true;
  return Mapping::of(part.file.get(), Mapping::Access::write);
}

Result<Table> TableWriter::finish(const TableInfo& info) {
  Table table;
  table.info_ = info;
  Meta meta{info, {}};
  const auto sizes = sizes_for(info);
  for (std::size_t s = 0; s < kSections; ++s) {
    const State::Part& part = state_->parts[s];
    KRIGE_TRY(table.sections_[s], Mapping::of(part.file.get(), Mapping::Access::read));
    if (table.sections_[s].size_bytes() != sizes[s])
      return fail(ErrorCode::corrupt,
                  fmt::format("{} has {} bytes where {} are expected", name(static_cast<Section>(s)),
                              table.sections_[s].size_bytes(), sizes[s]));
    meta.hashes[s] = part.rewritten ? hash_in_pieces(table.sections_[s].as<const char>(), [] {})
                                    : hex(XXH3_64bits_digest(part.hash.get()));
    if (state_->folder && ::fsync(part.file.get()) != 0) return fail_errno(errno, "cannot write the data cache");
  }
  if (!state_->folder) return table;
  KRIGE_CHECK(write_file_atomically(*state_->folder + "/meta", to_text(meta), 0600));
  note_checked(*state_->folder);
  return table;
}

}  // namespace krige::trainer
