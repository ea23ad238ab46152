#include "cli/service.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/store_server.h"
#include "cli/workplace.h"

namespace krige::cli {
namespace {

constexpr int kConnectSeconds = 10;
constexpr int kAnswerSeconds = 60;  // streams say that they are alive every 15 s
constexpr std::string_view kApi = "/api/v1";

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_of_this_machine(const std::string& address) {
  const std::size_t begin = address.find("://") + 3;
  const std::string host = address.substr(begin, address.find_last_of(':') - begin);
  // Not 127.example.org, to which the token would go.
  const bool numbers = host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "[::1]" || address.ends_with("[::1]") || (numbers && host.starts_with("127."));
}

// The one that krige serve keeps beside its studies, for their owner only.
std::string token_of_data_folder(const std::string& given) {
  const Result<std::filesystem::path> folder = data_folder_path(given);
  if (!folder) return "";
  std::ifstream file(*folder / "token");
  std::string token;
  file >> token;
  return token;
}

ErrorCode code_named(std::string_view wanted) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i)
    if (name(static_cast<ErrorCode>(i)) == wanted) return static_cast<ErrorCode>(i);
  return ErrorCode::unavailable;  // of a newer service
}

std::string text_of(const OrderedJson& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

// RFC 9457, or what something between here and the service says.
Error read_problem(int status, const std::string& body) {
  const Result<OrderedJson> json = parse_json(body);
  if (!json || !json->is_object()) {
    return {status == 404 ? ErrorCode::not_found : ErrorCode::unavailable,
            fmt::format("the server answers with status {}; is it krige serve?", status),
            "",
            {}};
  }
  Error error{code_named(text_of(*json, "code")), text_of(*json, "detail"), "", {}};
  if (error.message.empty()) error.message = text_of(*json, "title");
  const auto faults = json->find("errors");
  if (faults == json->end() || !faults->is_array()) return error;
  for (const OrderedJson& fault : *faults)
    if (fault.is_object()) error.others.push_back({text_of(fault, "field"), text_of(fault, "message")});
  if (error.others.empty()) return error;
  error.field = error.others.front().field;
  error.message = error.others.front().message;
  error.others.erase(error.others.begin());
  return error;
}

}  // namespace

Error not_understood(std::string_view what) {
  return {ErrorCode::unavailable, fmt::format("the server's answer is none of krige serve's: {}", what), "", {}};
}

struct Service::Connection {
  Connection(std::string of_server, const std::string& token) : address(std::move(of_server)), client(address) {
    client.set_connection_timeout(kConnectSeconds);
    client.set_read_timeout(kAnswerSeconds);
    client.set_write_timeout(kAnswerSeconds);
    client.set_keep_alive(true);
    if (!token.empty()) headers.emplace("Authorization", "Bearer " + token);
  }

  [[nodiscard]] Status check(const httplib::Result& result) const {
    if (!result) {
      return fail(ErrorCode::unavailable, fmt::format("no answer from {} ({}); krige serve starts a service, --server "
                                                      "or $KRIGE_SERVER names another",
                                                      address, httplib::to_string(result.error())));
    }
    if (result->status < 200 || result->status >= 300) {
      Error error = read_problem(result->status, result->body);
      if (result->status == 401) error.message += "; $KRIGE_TOKEN holds the token, or the file token of --data-dir";
      return fail(std::move(error));
    }
    return {};
  }

  [[nodiscard]] Result<OrderedJson> read(const httplib::Result& result) const {
    KRIGE_CHECK(check(result));
    if (result->body.empty()) return OrderedJson();
    return parse_json(result->body);
  }

  std::unique_ptr<StoreServer> store;  // that is called, where there is one
  std::string address;
  httplib::Client client;
  httplib::Headers headers;
};

Service::Service(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Service::Service(Service&&) noexcept = default;
Service& Service::operator=(Service&&) noexcept = default;
Service::~Service() = default;

Result<Service> Service::open(const ServiceOptions& options) {
  std::unique_ptr<StoreServer> store;
  if (!options.store.empty()) {
    KRIGE_TRY(store, StoreServer::open(options.store, options.may_make_store));
    KRIGE_TRY(Service opened, open({.server = store->url(), .token = store->token()}));
    opened.connection_->store = std::move(store);
    return opened;
  }
  std::string address = options.server.empty() ? from_environment("KRIGE_SERVER") : options.server;
  if (address.empty()) address = "http://127.0.0.1:8080";
  if (address.find("://") == std::string::npos) address = "http://" + address;
  while (address.ends_with('/')) address.pop_back();
  std::string token = options.token.empty() ? from_environment("KRIGE_TOKEN") : options.token;
  if (token.empty() && is_of_this_machine(address)) token = token_of_data_folder(options.data_dir);
  try {
    auto connection = std::make_unique<Connection>(address, token);
    if (connection->client.is_valid()) return Service(std::move(connection));
  } catch (const std::exception&) {  // a scheme that it does not know, a port that is none
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("must be an address such as http://127.0.0.1:8080, is {}", address), "--server");
}

Result<OrderedJson> Service::get(const std::string& path) {
  return connection_->read(connection_->client.Get(fmt::format("{}{}", kApi, path), connection_->headers));
}

Result<OrderedJson> Service::post(const std::string& path, const OrderedJson& body) {
  return connection_->read(
      connection_->client.Post(fmt::format("{}{}", kApi, path), connection_->headers, dump(body), "application/json"));
}

Status Service::remove(const std::string& path) {
  return connection_->check(connection_->client.Delete(fmt::format("{}{}", kApi, path), connection_->headers));
}

Result<std::vector<OrderedJson>> Service::list(const std::string& path, const std::string& member, std::size_t limit) {
  constexpr std::size_t kPage = 1000;
  std::vector<OrderedJson> items;
  std::string token;
  do {
    const std::size_t size = std::min(kPage, limit - items.size());
    KRIGE_TRY(const OrderedJson page,
              get(fmt::format("{}{}page_size={}{}", path, path.find('?') == std::string::npos ? '?' : '&', size,
                              token.empty() ? "" : "&page_token=" + token)));
    const auto found = page.find(member);
    if (found == page.end() || !found->is_array()) return fail(not_understood("no " + member));
    items.insert(items.end(), found->begin(), found->end());
    token = text_of(page, "next_page_token");
  } while (!token.empty() && items.size() < limit);
  return items;
}

Result<Service::Log> Service::log(const std::string& path) {
  const httplib::Result result = connection_->client.Get(fmt::format("{}{}", kApi, path), connection_->headers);
  KRIGE_CHECK(connection_->check(result));
  const std::string offset = result->get_header_value("X-Log-Offset");
  return Log{result->body, std::strtoull(offset.c_str(), nullptr, 10) + result->body.size()};
}

Status Service::events(const std::string& study, std::uint64_t after, const Take& take) {
  bool stopped = false;
  int status = 0;
  std::string refusal;
  EventReader reader(take);
  const httplib::Result result = connection_->client.Get(
      fmt::format("{}/studies/{}/events?after={}", kApi, study, after), connection_->headers,
      [&](const httplib::Response& response) {
        status = response.status;
        return true;
      },
      [&](const char* data, std::size_t size) {
        if (status != 200) {
          refusal.append(data, size);
          return true;
        }
        stopped = !reader.read({data, size});
        return !stopped;
      });
  if (stopped || status == 200) return {};
  if (status != 0) return fail(read_problem(status, refusal));
  return connection_->check(result);
}

bool EventReader::read(std::string_view piece) {
  rest_ += piece;
  std::size_t begin = 0;
  for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
    std::string_view text = std::string_view(rest_).substr(begin, end - begin);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (!line(text)) return false;
    begin = end + 1;
  }
  rest_.erase(0, begin);
  return true;
}

bool EventReader::line(std::string_view text) {
  if (text.starts_with("event: ")) type_ = text.substr(7);
  if (text.starts_with("data: ")) data_ += text.substr(6);
  if (!text.empty() || data_.empty()) return true;
  const std::string type = std::exchange(type_, "");
  const Result<OrderedJson> data = parse_json(std::exchange(data_, ""));
  return !data || take_(type, *data);
}

}  // namespace krige::cli
