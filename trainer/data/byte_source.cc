#include "trainer/data/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <lzma.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace krige::trainer {
namespace {

constexpr std::size_t kInputBytes = 1 << 18;
// xz -9 asks for 65 MiB; a file that asks for more is not worth the machine's memory.
constexpr std::uint64_t kDecoderBytes = std::uint64_t{128} << 20;

struct FreeHash {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};
class ContentHash {
 public:
  ContentHash() : state_(XXH3_createState()) { XXH3_64bits_reset(state_.get()); }
  void add(std::string_view bytes) { XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()); }
  [[nodiscard]] std::string text() const { return fmt::format("{:016x}", XXH3_64bits_digest(state_.get())); }

 private:
  std::unique_ptr<XXH3_state_t, FreeHash> state_;
};

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

FileIdentity identity_from(const struct stat& status) {
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

Result<UniqueFd> open_file(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return fail(ErrorCode::not_found, fmt::format("{}: there is no such file", path));
  if (!file) return fail_errno(errno, fmt::format("cannot open {}", path));
  return file;
}

Result<FileIdentity> identity_of_open(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno(errno, fmt::format("cannot look at {}", path));
  if (S_ISDIR(status.st_mode)) return fail(ErrorCode::invalid_argument, fmt::format("{}: is a directory", path));
  return identity_from(status);
}

// As many bytes as there are, at most `into`.
Result<std::size_t> read_some(int fd, std::span<char> into, const std::string& path) {
  while (true) {
    const ssize_t got = ::read(fd, into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return fail_errno(errno, fmt::format("cannot read {}", path));
  }
}

// Takes packed bytes from the front of `in` and puts unpacked ones to the front of `out`, shortening both.
class Decoder {
 public:
  enum class Outcome { more, complete, damaged };
  virtual ~Decoder() = default;
  // `last`: no packed bytes follow those of `in`.
  virtual Outcome step(std::span<char>& in, std::span<char>& out, bool last) = 0;
};

class GzipDecoder final : public Decoder {
 public:
  GzipDecoder() { ready_ = ::inflateInit2(&stream_, MAX_WBITS + 16) == Z_OK; }
  ~GzipDecoder() override { ::inflateEnd(&stream_); }
  Outcome step(std::span<char>& in, std::span<char>& out, bool last) override {
    if (!ready_) return Outcome::damaged;
    if (between_members_) {
      if (in.empty()) return last ? Outcome::complete : Outcome::more;
      ::inflateReset(&stream_);  // files of several members are common: concatenated, or packed in parallel
      between_members_ = false;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(in.data());
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size(), 1U << 30));
    const uInt room = stream_.avail_out;
    const int code = ::inflate(&stream_, Z_NO_FLUSH);
    in = in.last(stream_.avail_in);
    out = out.subspan(room - stream_.avail_out);
    between_members_ = code == Z_STREAM_END;
    return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR ? Outcome::more : Outcome::damaged;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
  bool between_members_ = false;
};

class XzDecoder final : public Decoder {
 public:
  XzDecoder() { ready_ = ::lzma_stream_decoder(&stream_, kDecoderBytes, LZMA_CONCATENATED) == LZMA_OK; }
  ~XzDecoder() override { ::lzma_end(&stream_); }
  Outcome step(std::span<char>& in, std::span<char>& out, bool last) override {
    if (!ready_) return Outcome::damaged;
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream_.avail_out = out.size();
    const lzma_ret code = ::lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
    in = in.last(stream_.avail_in);
    out = out.last(stream_.avail_out);
    if (code == LZMA_STREAM_END) return Outcome::complete;
    return code == LZMA_OK || code == LZMA_BUF_ERROR ? Outcome::more : Outcome::damaged;
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ready_ = false;
};

class ZstdDecoder final : public Decoder {
 public:
  Outcome step(std::span<char>& in, std::span<char>& out, bool last) override {
    if (between_frames_ && in.empty() && last) return Outcome::complete;
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const std::size_t code = ::ZSTD_decompressStream(stream_.get(), &to, &from);
    if (::ZSTD_isError(code) != 0) return Outcome::damaged;
    in = in.subspan(from.pos);
    out = out.subspan(to.pos);
    between_frames_ = code == 0;
    return Outcome::more;
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ::ZSTD_freeDStream(stream); }
  };
  std::unique_ptr<ZSTD_DStream, Free> stream_{::ZSTD_createDStream()};
  bool between_frames_ = false;
};

std::unique_ptr<Decoder> decoder_for(std::string_view first) {
  if (first.starts_with("\x1f\x8b")) return std::make_unique<GzipDecoder>();
  if (first.starts_with(std::string_view("\xfd"
                                         "7zXZ\0",
                                         6)))
    return std::make_unique<XzDecoder>();
  if (first.starts_with("\x28\xb5\x2f\xfd")) return std::make_unique<ZstdDecoder>();
  return nullptr;
}

}  // namespace

struct ByteSource::State {
  std::string path;
  UniqueFd file;
  FileIdentity identity;
  ContentHash hash;
  std::vector<char> buffer = std::vector<char>(kInputBytes);
  std::span<char> input;  // of buffer, not yet used
  bool ended = false;     // the file, not the input
  bool complete = false;
  std::unique_ptr<Decoder> decoder;

  Result<std::size_t> read_file(std::span<char> into) {
    KRIGE_TRY(const std::size_t got, read_some(file.get(), into, path));
    hash.add({into.data(), got});
    ended = got == 0;
    return got;
  }
  Status refill() {
    KRIGE_TRY(const std::size_t got, read_file(buffer));
    input = std::span(buffer).first(got);
    return {};
  }
  // A part of what is asked for: 0 only at the end.
  Result<std::size_t> read_plain(std::span<char> into) {
    if (input.empty()) return read_file(into);
    const std::size_t count = std::min(into.size(), input.size());
    std::copy_n(input.begin(), count, into.begin());
    input = input.subspan(count);
    return count;
  }
  Result<std::size_t> read_packed(std::span<char> into) {
    std::span<char> out = into;
    while (out.size() == into.size() && !complete) {
      if (input.empty() && !ended) KRIGE_CHECK(refill());
      const std::size_t before = input.size();
      const Decoder::Outcome outcome = decoder->step(input, out, ended);
      complete = outcome == Decoder::Outcome::complete;
      if (outcome == Decoder::Outcome::damaged)
        return fail(ErrorCode::corrupt, fmt::format("{}: the packed data are damaged", path));
      const bool stuck = input.size() == before && out.size() == into.size();
      if (stuck && ended && !complete) return fail(ErrorCode::corrupt, fmt::format("{}: ends too early", path));
    }
    return into.size() - out.size();
  }
};

ByteSource::ByteSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
ByteSource::ByteSource(ByteSource&&) noexcept = default;
ByteSource& ByteSource::operator=(ByteSource&&) noexcept = default;
ByteSource::~ByteSource() = default;

Result<ByteSource> ByteSource::open(const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  KRIGE_TRY(state->file, open_file(path));
  KRIGE_TRY(state->identity, identity_of_open(state->file.get(), path));
  ::posix_fadvise(state->file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  KRIGE_CHECK(state->refill());
  state->decoder = decoder_for({state->input.data(), state->input.size()});
  return ByteSource(std::move(state));
}

Result<std::size_t> ByteSource::read(std::span<char> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    const std::span<char> rest = into.subspan(filled);
    KRIGE_TRY(const std::size_t got, state_->decoder ? state_->read_packed(rest) : state_->read_plain(rest));
    if (got == 0) break;
    filled += got;
  }
  return filled;
}

bool ByteSource::compressed() const { return state_->decoder != nullptr; }
const FileIdentity& ByteSource::identity() const { return state_->identity; }

Result<std::string> ByteSource::content_hash() {
  while (!state_->ended) KRIGE_CHECK(state_->refill());  // what follows the end of a packed stream
  KRIGE_TRY(const FileIdentity now, identity_of_open(state_->file.get(), state_->path));
  if (now.size != state_->identity.size || now.modified != state_->identity.modified)
    return fail(ErrorCode::conflict, fmt::format("{}: changed while it was read", state_->path));
  return state_->hash.text();
}

Result<FileIdentity> identity_of(const std::string& path) {
  KRIGE_TRY(const UniqueFd file, open_file(path));
  return identity_of_open(file.get(), path);
}

Result<std::string> content_hash_of(const std::string& path) {
  KRIGE_TRY(const UniqueFd file, open_file(path));
  ContentHash hash;
  std::vector<char> buffer(kInputBytes);
  while (true) {
    KRIGE_TRY(const std::size_t got, read_some(file.get(), buffer, path));
    if (got == 0) return hash.text();
    hash.add({buffer.data(), got});
  }
}

}  // namespace krige::trainer
