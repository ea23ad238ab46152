// A running service as the commands call it: its REST interface (docs/rest.md).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace krige::cli {

struct ServiceOptions {
  std::string server{};    // empty: $KRIGE_SERVER, else http://127.0.0.1:8080
  std::string data_dir{};  // whose token is shown to a service of this machine where $KRIGE_TOKEN is not set
  std::string token{};     // instead of both
  std::string store{};     // instead of a service: an SQLite file, or the data directory of a service that does not run
  bool may_make_store = false;
};

// An answer that is not as docs/rest.md has it; `what` the JSON library says of it.
[[nodiscard]] Error not_understood(std::string_view what);

// Not thread-safe. Errors of the service come with their code and the paths of the fields; a service that does not
// answer is `unavailable`.
class Service {
 public:
  static Result<Service> open(const ServiceOptions& options);
  Service(Service&&) noexcept;
  Service& operator=(Service&&) noexcept;
  ~Service();

  // Paths are below /api/v1. An empty answer is null.
  [[nodiscard]] Result<OrderedJson> get(const std::string& path);
  [[nodiscard]] Result<OrderedJson> post(const std::string& path, const OrderedJson& body);
  [[nodiscard]] Status remove(const std::string& path);
  // All items of a list that comes in pages, or the first `limit`.
  [[nodiscard]] Result<std::vector<OrderedJson>> list(const std::string& path, const std::string& member,
                                                      std::size_t limit = SIZE_MAX);
  struct Log {
    std::string text;
    std::uint64_t next = 0;  // the offset behind it
  };
  [[nodiscard]] Result<Log> log(const std::string& path);

  // Events of a study behind `after`, until `take` returns false or the stream ends; the latter is no error.
  using Take = std::function<bool(const std::string& type, const OrderedJson& data)>;
  [[nodiscard]] Status events(const std::string& study, std::uint64_t after, const Take& take);

 private:
  struct Connection;
  explicit Service(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

// Server-sent events out of the pieces of a stream (WHATWG HTML), one JSON object each.
class EventReader {
 public:
  explicit EventReader(Service::Take take) : take_(std::move(take)) {}
  // False when `take` did.
  bool read(std::string_view piece);

 private:
  bool line(std::string_view text);
  Service::Take take_;
  std::string rest_;  // of a line whose end has not come
  std::string type_;
  std::string data_;
};

}  // namespace krige::cli
