#include "server/audit/audit_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/fd.h"

namespace krige::server {
namespace {

// Enough for a thousand events; what is before is for tools that read the file.
constexpr off_t kTailBytes = off_t{1} << 20;

}  // namespace

Status AuditLog::append(const AuditEvent& event) const {
  OrderedJson json{{"time", to_rfc3339(event.time)}, {"caller", event.caller}, {"role", event.role},
                   {"method", event.method},         {"path", event.path},     {"status", event.status},
                   {"request_id", event.request_id}};
  if (!event.address.empty()) json["address"] = event.address;
  const std::string line = dump(json) + "\n";
  constexpr int kAppend = O_WRONLY | O_APPEND | O_CLOEXEC;
  UniqueFd file(::open(path_.c_str(), kAppend));
  if (!file && errno == ENOENT) {
    file = UniqueFd(::open(path_.c_str(), kAppend | O_CREAT | O_EXCL, 0600));
    // Made by root, as for `krige study --store`, it would be closed to the service.
    if (file) KRIGE_CHECK(give_to_owner_of_folder(file.get(), path_));
    if (!file && errno == EEXIST) file = UniqueFd(::open(path_.c_str(), kAppend));
  }
  if (!file) return fail_errno(errno, fmt::format("cannot open {}", path_));
  // One write a line: lines of several threads do not mix.
  return write_all(file.get(), line);
}

Result<std::vector<OrderedJson>> AuditLog::latest(std::size_t limit) const {
  const UniqueFd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::vector<OrderedJson>{};
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) return fail_errno(errno, fmt::format("cannot read {}", path_));
  const off_t start = std::max<off_t>(0, about.st_size - kTailBytes);
  std::string text(static_cast<std::size_t>(about.st_size - start), '\0');
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), start);
  if (got < 0) return fail_errno(errno, fmt::format("cannot read {}", path_));
  text.resize(static_cast<std::size_t>(got));
  if (start > 0) text.erase(0, text.find('\n') + 1);
  std::vector<OrderedJson> events;
  while (events.size() < limit && !text.empty()) {
    if (text.back() == '\n') text.pop_back();
    const auto line = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
    // A line that was cut off by a crash is passed over.
    if (Result<OrderedJson> event = parse_json(std::string_view(text).substr(line)))
      events.push_back(std::move(*event));
    text.erase(line);
  }
  return events;
}

}  // namespace krige::server
