// Who changed what: one JSON line for each request that changed something and for each try to sign in, in the file
// audit.jsonl (0600) of the data directory, which is only ever added to.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"

namespace krige::server {

struct AuditEvent {
  WallTime time;
  std::string caller;  // name of the token
  std::string role;
  std::string method;
  std::string path;
  int status = 0;
  std::string request_id;
  std::string address{};  // of who tried to sign in
};

// Thread-safe. The file is opened for each event: it may be moved away at any time, and a new one begins.
class AuditLog {
 public:
  explicit AuditLog(const std::filesystem::path& data_dir) : path_((data_dir / "audit.jsonl").string()) {}

  [[nodiscard]] Status append(const AuditEvent& event) const;
  // At most `limit` of the file's last events, the newest first.
  [[nodiscard]] Result<std::vector<OrderedJson>> latest(std::size_t limit) const;

 private:
  std::string path_;
};

}  // namespace krige::server
