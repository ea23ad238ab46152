// A service without sockets over a store of its own, and a client that knows the API from its description and sends
// what is nearly right. After each answer, the answer and all that the service holds are looked at.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/rng.h"
#include "server/service.h"
#include "tests/server/temporary_folder.h"
#include "tests/tuner/study/support.h"

namespace krige::server {

// What the operations of server/openapi.json take.
struct Operation {
  std::string id;
  std::string method;
  std::string path;
  std::vector<std::string> query;
  OrderedJson body;  // its schema; null without
};
[[nodiscard]] std::vector<Operation> operations_of(const OrderedJson& document);

class Session {
 public:
  // Everything follows from `rng`, but for ids and tokens.
  explicit Session(Rng rng);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Sends one request, or lets time pass or a program say something. Failures are those of GoogleTest.
  void step();
  // Whether another engine over the same store holds the same.
  void expect_same_after_restart();
  // What the last step did, for people.
  [[nodiscard]] const std::string& last() const { return last_; }
  // Of each operation, by id: requests that were done and those that were refused.
  struct Tally {
    int done = 0;
    int refused = 0;
  };
  [[nodiscard]] const std::map<std::string, Tally>& tally() const { return tally_; }

 private:
  struct Call {
    const Operation* operation = nullptr;
    Request request;
    std::string body;
  };
  struct Held {
    std::string study;
    TrialId trial = 0;
    std::string token;
  };

  void open();
  void close();
  [[nodiscard]] const Operation& named(std::string_view id) const;
  const Operation& any_operation();
  Call make_call();
  std::string some_path(const std::string& pattern);
  std::string some_study();
  OrderedJson valid_body(const Operation& operation);
  OrderedJson sample(const OrderedJson& schema);
  std::string some_query_value(const std::string& name);
  void send(Call& call);
  void expect_answer(const Call& call, const Reply& reply);
  void learn(const Call& call, const OrderedJson& answer);
  void let_programs_speak();

  // The studies whose changes are all made by the requests themselves.
  [[nodiscard]] OrderedJson calm_state();
  static void expect_same(const OrderedJson& after, const OrderedJson& before, const char* fault);
  void expect_whole();
  void expect_whole(const tuner::StudyView& study);

  Rng rng_;
  const OrderedJson document_;
  const std::vector<Operation> operations_;
  TemporaryFolder folder_;
  tuner::ManualClock clock_;
  std::shared_ptr<tuner::Storage> storage_;
  std::shared_ptr<tuner::FakeExecutor::Bench> bench_ = std::make_shared<tuner::FakeExecutor::Bench>();
  std::unique_ptr<tuner::Engine> engine_;
  std::unique_ptr<Service> service_;
  std::vector<std::string> studies_;  // ids, of deleted ones too
  std::vector<Held> held_;
  std::vector<std::string> words_;  // tags and page tokens that answers had
  std::stop_source gone_;
  std::string last_;
  std::map<std::string, Tally> tally_;
};

}  // namespace krige::server
