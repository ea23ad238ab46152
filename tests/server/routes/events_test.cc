#include "tests/server/service_fixture.h"

namespace krige::server {
namespace {

using namespace std::chrono_literals;

class EventsTest : public ServiceTest {
 protected:
  // A study of one trial, reported once and completed: seven events or more.
  std::string make_ended_study() {
    const std::string study = make_study({{"budget", {{"max_trials", 1}}}});
    suggest_one(study, "w");
    post(study + "/trials/1:report", {{"step", 1}, {"metrics", {{"value", 0.5}}}});
    EXPECT_EQ(post(study + "/trials/1:complete", {{"value", 0.5}}).status, 200);
    // The study's own thread ends it, after the answer.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (get(study).json["state"] != "COMPLETED") {
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "the study does not end";
        break;
      }
      std::this_thread::yield();
    }
    return study;
  }
  std::uint64_t seq(const std::string& study) { return get(study).json["seq"].get<std::uint64_t>(); }

  // Events until `last`, checked to be `first`, `first` + 1, …
  static std::vector<std::string> types(EventClient& client, std::uint64_t first, std::uint64_t last) {
    std::vector<std::string> seen;
    for (std::uint64_t expected = first; expected <= last; ++expected) {
      const auto event = client.next();
      if (!event) {
        ADD_FAILURE() << "no event " << expected;
        break;
      }
      EXPECT_EQ(event->id, std::to_string(expected));
      EXPECT_EQ(event->data["seq"], expected);
      EXPECT_EQ(event->data["type"], event->type);
      EXPECT_TRUE(event->data["time"].is_string());
      seen.push_back(event->type);
    }
    return seen;
  }
};

TEST_F(EventsTest, TellsTheWholeStoryInOrder) {
  const std::string study = make_ended_study();
  EventClient client(port_, study + "/events");
  EXPECT_TRUE(client.head().starts_with("HTTP/1.1 200 ")) << client.head();
  EXPECT_NE(client.head().find("Content-Type: text/event-stream\r\n"), std::string::npos) << client.head();
  EXPECT_NE(client.head().find("Cache-Control: no-store\r\n"), std::string::npos);
  const std::vector<std::string> story = types(client, 1, seq(study));
  EXPECT_EQ(story.front(), "STUDY_CREATED");
  EXPECT_EQ(story[1], "TRIAL_CREATED");
  EXPECT_EQ(std::ranges::count(story, "TRIAL_REPORTED"), 1);
  EXPECT_EQ(story.back(), "STUDY_STATE_CHANGED");
}

TEST_F(EventsTest, ContinuesWithoutAGapOrARepeat) {
  const std::string study = make_ended_study();
  const std::uint64_t last = seq(study);
  for (std::uint64_t after = 0; after < last; ++after) {
    EventClient by_query(port_, study + "/events?after=" + std::to_string(after));
    types(by_query, after + 1, last);
    // A browser that reconnects repeats the address of its first call.
    EventClient by_header(port_, study + "/events?after=0", {{"Last-Event-ID", std::to_string(after)}});
    types(by_header, after + 1, last);
  }
}

TEST_F(EventsTest, TellsWhatHappensWhileItIsOpen) {
  const std::string study = make_study();
  const std::uint64_t before = seq(study);
  EventClient client(port_, study + "/events?after=" + std::to_string(before));
  suggest_one(study, "w");
  const auto created = client.next();
  ASSERT_TRUE(created);
  EXPECT_EQ(created->type, "TRIAL_CREATED");
  EXPECT_EQ(created->id, std::to_string(before + 1));
  EXPECT_EQ(created->data["trial"]["id"], 1);
  EXPECT_EQ(created->data.dump().find("token"), std::string::npos);
  post_text(study + ":stop", "", "");
  std::uint64_t seen = before + 1;
  while (seen < seq(study)) {
    const auto event = client.next();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->id, std::to_string(++seen));
  }
}

TEST_F(EventsTest, ResetsAClientThatHasSeenMoreThanThereIs) {
  const std::string study = make_study();
  const std::uint64_t now = seq(study);
  EventClient client(port_, study + "/events?after=" + std::to_string(now + 100));
  const auto reset = client.next();
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->type, "reset");
  EXPECT_EQ(reset->id, std::to_string(now));
  EXPECT_EQ(reset->data, OrderedJson({{"seq", now}}));
  post_text(study + ":pause", "", "");
  const auto event = client.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->id, std::to_string(now + 1));
}

TEST_F(EventsTest, EndsWithItsStudy) {
  const std::string study = make_study();
  EventClient client(port_, study + "/events");
  types(client, 1, seq(study));
  EXPECT_EQ(erase(study).status, 204);
  while (client.next()) {
  }
  EXPECT_TRUE(is_problem(get(study + "/events"), 404, "not_found"));
}

TEST_F(EventsTest, KeepsTheConnectionAliveWithComments) {
  ServerOptions options;
  options.heartbeat_interval = 20ms;
  start(options);
  const std::string study = make_study();
  EventClient one(port_, study + "/events?after=" + std::to_string(seq(study)));
  EventClient all(port_, "/api/v1/events");
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(one.wait_for_comment());
    EXPECT_TRUE(all.wait_for_comment());
  }
}

TEST_F(EventsTest, TellsOfEveryStudy) {
  EventClient client(port_, "/api/v1/events");
  const std::string study = make_study();
  const auto made = client.next();
  ASSERT_TRUE(made);
  EXPECT_EQ(made->type, "study");
  EXPECT_EQ("/api/v1/studies/" + made->data["id"].get<std::string>(), study);
  EXPECT_FALSE(made->data.contains("spec"));
  erase(study);
  for (auto event = client.next();; event = client.next()) {
    ASSERT_TRUE(event);
    if (event->type != "study_deleted") continue;
    EXPECT_EQ(event->data, OrderedJson({{"id", made->data["id"]}}));
    break;
  }
}

std::string id_of(const std::string& study) { return study.substr(study.rfind('/') + 1); }

TEST_F(EventsTest, OneStreamCarriesTheEventsOfSeveralStudies) {
  const std::string ended = make_ended_study();
  const std::string live = make_study();
  const std::uint64_t last = seq(ended);
  EventClient client(
      port_, "/api/v1/events?study=" + id_of(ended) + ":2&study=" + id_of(live) + ":" + std::to_string(seq(live)));
  // Who read it before it ended has the counts of then, and no event tells them.
  const auto missed = client.next();
  ASSERT_TRUE(missed);
  EXPECT_EQ(missed->type, "study");
  EXPECT_EQ(missed->data["id"], id_of(ended));
  EXPECT_EQ(missed->data["trial_counts"], get(ended).json["trial_counts"]);
  for (std::uint64_t expected = 3; expected <= last; ++expected) {
    const auto event = client.next();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, "study_event");
    EXPECT_EQ(event->data["study"], id_of(ended));
    EXPECT_EQ(event->data["event"]["seq"], expected);
  }
  const std::string other = make_study();
  suggest_one(live, "w");
  const auto summary = client.next();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->type, "study") << "of the other study nothing is told";
  EXPECT_EQ(summary->data["id"], id_of(live));
  const auto event = client.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, "study_event");
  EXPECT_EQ(event->data["event"]["type"], "TRIAL_CREATED");
  erase(live);
  for (auto next = client.next(); next->type != "study_deleted"; next = client.next()) ASSERT_TRUE(next);
}

TEST_F(EventsTest, WhoComesBackForAStudyThatIsGoneIsToldSo) {
  const std::string study = make_study();
  const std::uint64_t last = seq(study);
  erase(study);
  EventClient client(port_, "/api/v1/events?study=" + id_of(study) + ":" + std::to_string(last));
  const auto event = client.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, "study_deleted");
  EXPECT_EQ(event->data["id"], id_of(study));
}

TEST_F(EventsTest, ALongPastComesInPieces) {
  const std::string study = make_study();
  suggest_one(study, "w");
  for (int step = 1; step <= 600; ++step)
    post(study + "/trials/1:report", {{"step", step}, {"metrics", {{"value", 1}}}});
  EventClient client(port_, "/api/v1/events?others=true&study=" + id_of(study) + ":0");
  EXPECT_EQ(client.next()->type, "study");
  for (std::uint64_t expected = 1; expected <= seq(study); ++expected) {
    const auto event = client.next();
    ASSERT_TRUE(event);
    ASSERT_EQ(event->data["event"]["seq"], expected);
  }
  make_study();
  const auto other = client.next();
  ASSERT_TRUE(other);
  EXPECT_EQ(other->type, "study");
}

TEST_F(EventsTest, AStreamOfSeveralResetsWhatIsBehind) {
  const std::string study = make_study();
  EventClient client(port_, "/api/v1/events?study=" + id_of(study) + ":99");
  EXPECT_EQ(client.next()->type, "study");
  const auto reset = client.next();
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->type, "study_reset");
  EXPECT_EQ(reset->data, OrderedJson({{"study", id_of(study)}, {"seq", seq(study)}}));
}

TEST_F(EventsTest, WithoutAStreamTheyCanBeAskedFor) {
  const std::string study = make_ended_study();
  const Fields json{{"Accept", "application/json"}};
  const OrderedJson all = get(study + "/events?after=2", json).json;
  EXPECT_EQ(all["seq"], seq(study));
  EXPECT_EQ(all["reset"], false);
  ASSERT_EQ(all["events"].size(), seq(study) - 2);
  EXPECT_EQ(all["events"][0]["seq"], 3);
  EXPECT_EQ(get(study + "/events?after=" + std::to_string(seq(study)), json).json["events"].size(), 0U);
  EXPECT_EQ(get(study + "/events?after=9999", json).json["reset"], true);
  EXPECT_TRUE(is_problem(get("/api/v1/studies/nosuch/events", json), 404, "not_found"));
}

TEST_F(EventsTest, RefusesABadBeginning) {
  for (const char* bad : {"study=x", "study=:1", "study=x:", "study=x:-1"})
    EXPECT_TRUE(is_problem(get(std::string("/api/v1/events?") + bad), 400, "invalid_argument", "study")) << bad;
  EXPECT_TRUE(is_problem(get("/api/v1/events?others=yes"), 400, "invalid_argument", "others"));

  const std::string study = make_study();
  for (const char* after : {"-1", "x", "1.5", "99999999999999999999"})
    EXPECT_TRUE(is_problem(get(study + "/events?after=" + after), 400, "invalid_argument", "after")) << after;
  EXPECT_TRUE(is_problem(get(study + "/events", {{"Last-Event-ID", "x"}}), 400, "invalid_argument", "Last-Event-ID"));
  EXPECT_TRUE(is_problem(get(study + "/events?since=1"), 400, "invalid_argument", "since"));
  EXPECT_TRUE(is_problem(get("/api/v1/studies/nosuch/events"), 404, "not_found"));
  EXPECT_TRUE(is_problem(get("/api/v1/events?after=1"), 400, "invalid_argument", "after"));
}

TEST_F(EventsTest, FurtherClientsAreTurnedAwayWhileTheApiAnswers) {
  ServerOptions options;
  options.event_streams = 3;
  options.api_threads = 1;
  start(options);
  const std::string study = make_study();
  std::vector<std::unique_ptr<EventClient>> open;
  for (int i = 0; i < 3; ++i)
    open.push_back(std::make_unique<EventClient>(port_, i == 0 ? "/api/v1/events" : study + "/events"));
  const Answer refused = get(study + "/events");
  EXPECT_TRUE(is_problem(refused, 503, "unavailable"));
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(get(study).status, 200);
  // A place is free again as soon as a client has gone, not only when something is sent to it.
  open.pop_back();
  Answer again;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  std::unique_ptr<EventClient> next;
  do {
    next = std::make_unique<EventClient>(port_, study + "/events");
  } while (!next->head().starts_with("HTTP/1.1 200 ") && std::chrono::steady_clock::now() < deadline);
  EXPECT_TRUE(next->head().starts_with("HTTP/1.1 200 ")) << next->head();
}

TEST_F(EventsTest, StreamsIdleConnectionsAndSlowSendersTogetherDoNotKeepOthersWaiting) {
  ServerOptions options;
  options.api_threads = 1;
  options.waiting_suggests = 0;
  start(options);
  const std::string study = make_study();
  std::vector<std::unique_ptr<EventClient>> streams;
  std::vector<std::unique_ptr<RawClient>> others;
  for (std::size_t i = 0; i < options.event_streams; ++i) {
    streams.push_back(std::make_unique<EventClient>(port_, study + "/events"));
    ASSERT_TRUE(streams.back()->head().starts_with("HTTP/1.1 200 ")) << i << streams.back()->head();
  }
  for (int i = 0; i < 64; ++i) {
    others.push_back(std::make_unique<RawClient>(port_));
    if (i % 2 == 0) others.back()->send("POST /api/v1/studies HTTP/1.1\r\nContent-Length: 100\r\n\r\n{");
  }
  EXPECT_EQ(get(study).status, 200);
  EXPECT_EQ(post_text(study + ":pause", "", "").status, 200);
  const std::uint64_t last = seq(study);
  for (const auto& stream : streams) EXPECT_EQ(types(*stream, 1, last).back(), "STUDY_STATE_CHANGED");
}

TEST_F(EventsTest, DropsAClientThatDoesNotRead) {
  ServerOptions options;
  options.write_time = 100ms;
  options.event_streams = 1;
  start(options);
  const std::string study = make_study();
  suggest_one(study, "w");
  EventClient sleeper(port_, study + "/events", {}, 4096);
  const std::string name(std::size_t{512} << 10, 'm');
  for (int step = 0; step < 24; ++step) {
    const Answer reported = post(study + "/trials/1:report", {{"step", step}, {"metrics", {{name, 1}}}});
    ASSERT_EQ(reported.status, 200) << reported.text.substr(0, 300);
  }
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  std::string head;
  do {
    head = EventClient(port_, study + "/events").head();
  } while (!head.starts_with("HTTP/1.1 200 ") && std::chrono::steady_clock::now() < deadline);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ")) << head;
}

TEST_F(EventsTest, StopEndsEveryStreamAtOnce) {
  const std::string study = make_study();
  EventClient one(port_, study + "/events");
  types(one, 1, seq(study));
  EventClient all(port_, "/api/v1/events");
  RawClient idle(port_);
  server_->stop();
  EXPECT_FALSE(one.next());
  EXPECT_FALSE(all.next());
  one.raw().read_all();
  EXPECT_TRUE(one.closed());
  idle.read_all();
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(RawClient(port_).closed());
}

TEST_F(EventsTest, StreamsEndWithTheEngine) {
  const std::string study = make_study();
  EventClient one(port_, study + "/events");
  types(one, 1, seq(study));
  EventClient all(port_, "/api/v1/events");
  engine_->shut_down();
  EXPECT_FALSE(one.next());
  EXPECT_FALSE(all.next());
}

}  // namespace
}  // namespace krige::server
