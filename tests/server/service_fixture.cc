#include "tests/server/service_fixture.h"

#include <httplib.h>

#include <charconv>

namespace krige::server {

std::string Answer::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (equals_ignoring_case(key, name)) return value;
  return {};
}

EventClient::EventClient(int port, const std::string& path, const Fields& headers, int receive_buffer_bytes)
    : client_(port, receive_buffer_bytes) {
  std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost:" + std::to_string(port) + "\r\n";
  for (const auto& [key, value] : headers) request += key + ": " + value + "\r\n";
  client_.send(request + "\r\n");
  head_ = client_.read_until("\r\n\r\n");
}

std::string EventClient::next_block() {
  while (text_.find("\n\n") == std::string::npos) {
    const std::string line = client_.read_until("\r\n");
    std::size_t size = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), size, 16).ec != std::errc{} || size == 0) return {};
    text_ += client_.read_bytes(size);
    client_.read_bytes(2);
  }
  const auto end = text_.find("\n\n") + 2;
  std::string block = text_.substr(0, end);
  text_.erase(0, end);
  return block;
}

std::optional<EventClient::Event> EventClient::next() {
  for (std::string block = next_block(); !block.empty(); block = next_block()) {
    if (block.starts_with(':')) ++comments_;
    Event event;
    std::size_t at = 0;
    while (at < block.size()) {
      const auto end = block.find('\n', at);
      const std::string line = block.substr(at, end - at);
      at = end + 1;
      if (line.starts_with("id: ")) event.id = line.substr(4);
      if (line.starts_with("event: ")) event.type = line.substr(7);
      if (line.starts_with("data: ")) event.data = OrderedJson::parse(line.substr(6));
    }
    if (!event.type.empty()) return event;
  }
  return std::nullopt;
}

bool EventClient::wait_for_comment() {
  for (std::string block = next_block(); !block.empty(); block = next_block())
    if (block.starts_with(':')) return true;
  return false;
}

void ServiceTest::TearDown() {
  server_.reset();
  engine_.reset();
}

void ServiceTest::start(ServerOptions options, tuner::EngineOptions engine_options) {
  TearDown();
  auto engine = tuner::Engine::open(tuner::make_memory_storage(), nullptr, std::move(engine_options));
  ASSERT_TRUE(engine) << engine.error().describe();
  engine_ = std::move(*engine);
  if (options.data_dir.empty()) options.auth = false;
  auto server = Server::start(*engine_, options);
  ASSERT_TRUE(server) << server.error().describe();
  server_ = std::move(*server);
  port_ = server_->port();
}

Answer ServiceTest::send(const std::string& method, const std::string& path, const std::string& body,
                         const Fields& headers) {
  httplib::Client client("localhost", port_);
  client.set_read_timeout(RawClient::kDeadline);
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  for (const auto& [key, value] : headers) request.set_header(key, value);
  const httplib::Result result = client.send(request);
  if (!result) return {};
  Answer answer{result->status, OrderedJson::parse(result->body, nullptr, false), result->body, {}};
  answer.headers.assign(result->headers.begin(), result->headers.end());
  return answer;
}

Answer ServiceTest::get(const std::string& path, const Fields& headers) { return send("GET", path, "", headers); }
Answer ServiceTest::erase(const std::string& path) { return send("DELETE", path, "", {}); }
Answer ServiceTest::post(const std::string& path, const OrderedJson& body, const Fields& headers) {
  return post_text(path, body.dump(), "application/json", headers);
}
Answer ServiceTest::post_text(const std::string& path, const std::string& body, const std::string& content_type,
                              const Fields& headers) {
  Fields all = headers;
  if (!content_type.empty()) all.emplace_back("Content-Type", content_type);
  return send("POST", path, body, all);
}

std::string ServiceTest::make_study(const OrderedJson& changes) {
  OrderedJson file = study_file();
  if (!changes.is_null()) file.merge_patch(changes);
  const Answer answer = post("/api/v1/studies", file);
  EXPECT_EQ(answer.status, 201) << answer.text;
  return answer.header("Location");
}

OrderedJson ServiceTest::suggest_one(const std::string& study, const std::string& client) {
  const Answer answer = post(study + "/trials:suggest", {{"client_id", client}});
  EXPECT_EQ(answer.status, 200) << answer.text;
  if (!answer.json.is_object() || answer.json["trials"].size() != 1) {
    ADD_FAILURE() << answer.text;
    return {};
  }
  return answer.json["trials"][0];
}

::testing::AssertionResult is_problem(const Answer& answer, int status, const std::string& code,
                                      const std::string& field) {
  const auto wrong = [&] { return ::testing::AssertionFailure() << answer.status << " " << answer.text; };
  if (answer.status != status || answer.header("Content-Type") != "application/problem+json") return wrong();
  if (!answer.json.is_object() || answer.json["status"] != status || answer.json["code"] != code) return wrong();
  if (answer.json["request_id"] != answer.header("X-Request-Id") || answer.header("X-Request-Id").empty())
    return wrong();
  if (field.empty()) return ::testing::AssertionSuccess();
  for (const OrderedJson& fault : answer.json["errors"])
    if (fault["field"] == field && !fault["message"].get<std::string>().empty()) return ::testing::AssertionSuccess();
  return wrong() << ": no fault of " << field;
}

}  // namespace krige::server
