#include "server/idempotency.h"

#include <atomic>
#include <thread>

#include "tests/server/service_fixture.h"

namespace krige::server {
namespace {

class IdempotencyTest : public ServiceTest {
 protected:
  static Fields key(const std::string& value) { return {{"Idempotency-Key", value}}; }
  std::size_t studies() { return get("/api/v1/studies").json["studies"].size(); }
};

TEST_F(IdempotencyTest, TheSameRequestIsDoneOnceAndAnsweredTheSame) {
  const Answer first = post("/api/v1/studies", study_file(), key("k1"));
  ASSERT_EQ(first.status, 201) << first.text;
  const Answer again = post("/api/v1/studies", study_file(), key("k1"));
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.text, first.text);
  EXPECT_EQ(again.header("Location"), first.header("Location"));
  EXPECT_EQ(again.header("Idempotency-Replayed"), "true");
  EXPECT_EQ(first.header("Idempotency-Replayed"), "");
  EXPECT_EQ(studies(), 1U);
  EXPECT_EQ(post("/api/v1/studies", study_file(), key("k2")).status, 201);
  EXPECT_EQ(post("/api/v1/studies", study_file()).status, 201);
  EXPECT_EQ(studies(), 3U);
}

TEST_F(IdempotencyTest, EveryPostIsAnsweredAsBeforeWhateverHasHappenedSince) {
  const std::string study = make_study();
  const std::string trials = study + "/trials";
  const OrderedJson point{{"params", {{"x", 0.5}}}};
  std::vector<std::tuple<std::string, OrderedJson, std::string>> done;
  const auto call = [&](const std::string& path, const OrderedJson& body) {
    const Answer answer = post(path, body, key("k" + std::to_string(done.size())));
    EXPECT_EQ(answer.status / 100, 2) << path << answer.text;
    done.emplace_back(path, body, answer.text);
    return answer.json;
  };
  call(trials, point);
  const OrderedJson one = call(trials + ":suggest", OrderedJson::object())["trials"][0];
  const OrderedJson token = one["attempt"]["token"];
  call(trials + "/1:report", {{"token", token}, {"step", 1}, {"metrics", {{"value", 2}}}});
  call(trials + "/1:heartbeat", {{"token", token}});
  call(trials + "/1:complete", {{"value", 1.5}});
  call(trials + "/1:retry", OrderedJson::object());
  call(study + ":pause", OrderedJson::object());
  call(study + ":resume", OrderedJson::object());
  call(study + ":clone", {{"name", "copy"}});
  call(study + ":stop", OrderedJson::object());
  const OrderedJson before = get(study).json;
  for (std::size_t i = 0; i < done.size(); ++i) {
    const auto& [path, body, text] = done[i];
    EXPECT_EQ(post(path, body, key("k" + std::to_string(i))).text, text) << path;
  }
  EXPECT_EQ(get(study).json, before);
  EXPECT_EQ(studies(), 2U);
}

TEST_F(IdempotencyTest, AKeyIsOfOneRequest) {
  const std::string study = make_study();
  ASSERT_EQ(post(study + ":pause", OrderedJson::object(), key("k")).status, 200);
  EXPECT_TRUE(is_problem(post(study + ":resume", OrderedJson::object(), key("k")), 422, "key_reused"));
  EXPECT_TRUE(is_problem(post(study + ":pause", {{"a", 1}}, key("k")), 422, "key_reused"));
  EXPECT_EQ(get(study).json["state"], "PAUSED");
}

TEST_F(IdempotencyTest, WhatWasRefusedMayBeTriedAgainUnderItsKey) {
  const std::string study = make_study();
  const std::string trials = study + "/trials";
  EXPECT_TRUE(is_problem(post(trials, {{"params", {{"x", 7}}}}, key("k")), 400, "invalid_argument", "params.x"));
  EXPECT_EQ(post(trials, {{"params", {{"x", 0.7}}}}, key("k")).status, 201);
}

TEST_F(IdempotencyTest, WhoIsToldToComeAgainMayDoSoUnderItsKey) {
  const std::string study = make_study();
  post(study + ":pause", OrderedJson::object());
  const OrderedJson ask{{"client_id", "w"}};
  const Answer nothing = post(study + "/trials:suggest", ask, key("k"));
  EXPECT_EQ(nothing.status, 200);
  EXPECT_NE(nothing.header("Retry-After"), "");
  post(study + ":resume", OrderedJson::object());
  const Answer trial = post(study + "/trials:suggest", ask, key("k"));
  EXPECT_EQ(trial.json["trials"].size(), 1U) << trial.text;
  EXPECT_EQ(trial.header("Idempotency-Replayed"), "");
  EXPECT_EQ(post(study + "/trials:suggest", ask, key("k")).text, trial.text);
}

TEST_F(IdempotencyTest, KeysAreChecked) {
  const std::string study = make_study();
  for (const std::string& bad : {std::string(129, 'k'), std::string("two words"), std::string("gr\xc3\xb6sse")})
    EXPECT_TRUE(is_problem(post(study + ":pause", OrderedJson::object(), key(bad)), 400, "invalid_argument",
                           "Idempotency-Key"));
  EXPECT_EQ(get(study).json["state"], "ACTIVE");
  EXPECT_EQ(get(study, key("two words")).status, 200) << "only a POST has one";
}

TEST_F(IdempotencyTest, OfManyAtOnceOneIsDone) {
  const std::string study = make_study();
  std::atomic<int> done = 0, busy = 0;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i)
      callers.emplace_back([&] {
        const Answer answer = post(study + "/trials", {{"params", {{"x", 0.5}}}}, key("k"));
        ++(answer.status == 201 ? done : busy);
        EXPECT_TRUE(answer.status == 201 || is_problem(answer, 409, "conflict", "Idempotency-Key"));
      });
  }
  EXPECT_GE(done, 1);
  EXPECT_EQ(done + busy, 8);
  EXPECT_EQ(get(study + "/trials").json["trials"].size(), 1U);
}

}  // namespace
}  // namespace krige::server
