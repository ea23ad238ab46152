// The real service on a free port, over the real engine with a store in memory, and clients for it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/json.h"
#include "server/http/message.h"
#include "server/server.h"
#include "tests/server/raw_client.h"

namespace krige::server {

struct Answer {
  int status = 0;  // 0: no answer
  OrderedJson json;
  std::string text;
  Fields headers;
  [[nodiscard]] std::string header(std::string_view name) const;
};

// Follows a stream of events, with a deadline for each.
class EventClient {
 public:
  struct Event {
    std::string id;
    std::string type;
    OrderedJson data;
  };
  EventClient(int port, const std::string& path, const Fields& headers = {}, int receive_buffer_bytes = 0);

  // The next event; nullopt when the stream ends or the deadline passes. Comments are counted and passed over.
  std::optional<Event> next();
  [[nodiscard]] const std::string& head() const { return head_; }
  [[nodiscard]] int comments() const { return comments_; }
  // Reads on until a comment or the end: whether it was a comment.
  bool wait_for_comment();
  [[nodiscard]] bool closed() const { return client_.closed(); }
  RawClient& raw() { return client_; }

 private:
  // The next block, which ends with an empty line; empty at the end.
  std::string next_block();

  RawClient client_;
  std::string head_;
  std::string text_;  // without the framing of chunks
  int comments_ = 0;
};

class ServiceTest : public ::testing::Test {
 protected:
  void SetUp() override { start(); }
  void TearDown() override;

  // Anew with other options; nothing of the studies before is left. Without a data directory nobody needs a token.
  void start(ServerOptions options = {}, tuner::EngineOptions engine_options = {});

  Answer get(const std::string& path, const Fields& headers = {});
  Answer post(const std::string& path, const OrderedJson& body, const Fields& headers = {});
  Answer post_text(const std::string& path, const std::string& body, const std::string& content_type,
                   const Fields& headers = {});
  Answer erase(const std::string& path);
  Answer send(const std::string& method, const std::string& path, const std::string& body, const Fields& headers);

  // A study without trainer for workers outside; its address.
  std::string make_study(const OrderedJson& changes = {});
  // One trial for `client`: the whole assignment.
  OrderedJson suggest_one(const std::string& study, const std::string& client);

  int port_ = 0;
  std::unique_ptr<tuner::Engine> engine_;
  std::unique_ptr<Server> server_;
};

inline OrderedJson study_file() {
  return OrderedJson::parse(R"({"name": "s", "method": "random", "seed": 1,
      "parameters": {"x": {"type": "float", "min": 0, "max": 1}}, "budget": {"max_trials": 5}})");
}

// Whether it is a problem of this code, complete and with the same request id in header and body.
::testing::AssertionResult is_problem(const Answer& answer, int status, const std::string& code,
                                      const std::string& field = {});

}  // namespace krige::server
