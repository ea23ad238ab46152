// Server-sent events (WHATWG HTML, "Server-sent events"). A client that reconnects says in Last-Event-ID where it was.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "server/routes/input.h"
#include "server/routes/routes.h"
#include "tuner/study/codec.h"

namespace krige::server {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kEventsAtOnce = 256;
// Between the pieces that one client is sent: a busy study would wake every stream of it at every change.
constexpr Millis kGather{100};
constexpr std::string_view kReconnect = "retry: 1000\n\n";  // milliseconds
constexpr std::string_view kHeartbeat = ": alive\n\n";

// `data`: JSON text, which has no line ends.
std::string event_text(std::string_view type, std::string_view data) {
  return fmt::format("event: {}\ndata: {}\n\n", type, data);
}

std::string numbered_event_text(std::uint64_t id, std::string_view type, std::string_view data) {
  return fmt::format("id: {}\n{}", id, event_text(type, data));
}

Result<Slots::Slot> take_place(Api& api) {
  Slots::Slot place = api.streams.take();
  if (!place) return fail(ErrorCode::unavailable, "too many event streams are open: ask for the lists instead");
  return place;
}

Reply stream_reply(std::function<void(const BodyWriter&)> stream) {
  Reply reply;
  reply.content_type = "text/event-stream";
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.stream = std::move(stream);
  return reply;
}

// When a wait brought nothing: whether it was for a heartbeat's sake, which is then sent. Else the engine ends, or the
// client has gone.
bool keep_alive(const BodyWriter& write, MonotonicTime& beat, Millis interval) {
  if (steady_clock::now() < beat) return false;
  beat = steady_clock::now() + interval;
  return write(kHeartbeat);
}

// Until the time has passed or the client has gone.
void gather(const std::stop_token& gone) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, gone, kGather, [] { return false; });
}

class StudyStream {
 public:
  StudyStream(Api& api, StudyId study, std::uint64_t after, std::stop_token gone)
      : api_(api), study_(std::move(study)), after_(after), gone_(std::move(gone)) {}

  void run(const BodyWriter& write) {
    const Millis interval = api_.options.heartbeat_interval;
    MonotonicTime beat = steady_clock::now() + interval;
    if (!write(kReconnect) || !reset_if_ahead(write)) return;
    while (!gone_.stop_requested()) {
      const Result<std::vector<tuner::Event>> events =
          api_.engine.wait_events(study_, after_, kEventsAtOnce, beat, gone_);
      if (!events) return;  // deleted: the client's next try is told so
      if (events->empty()) {
        if (!keep_alive(write, beat, interval)) return;
        continue;
      }
      const bool all = events->size() < kEventsAtOnce;
      if (!(events->front().seq == after_ + 1 ? send(write, *events) : reset(write))) return;
      beat = steady_clock::now() + interval;
      if (all) gather(gone_);
    }
  }

 private:
  bool send(const BodyWriter& write, const std::vector<tuner::Event>& events) {
    std::string text;
    for (const tuner::Event& event : events) text += numbered_event_text(event.seq, event.type, json_text(event));
    after_ = events.back().seq;
    return write(text);
  }

  // The client has seen what this store has not: another one, or an older copy.
  bool reset_if_ahead(const BodyWriter& write) {
    const Result<tuner::StudyView> study = api_.engine.study(study_);
    return study && (after_ <= study->row.seq || reset(write));
  }

  bool reset(const BodyWriter& write) {
    const Result<tuner::StudyView> study = api_.engine.study(study_);
    if (!study) return false;
    after_ = study->row.seq;
    return write(numbered_event_text(after_, "reset", dump({{"seq", after_}})));
  }

  Api& api_;
  StudyId study_;
  std::uint64_t after_;
  std::stop_token gone_;
};

Result<std::uint64_t> starting_point(const Request& request) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  QueryReader query(request);
  std::uint64_t after = query.number("after", 0, kMost, 0);
  KRIGE_CHECK(query.finish());
  // A browser that reconnects asks for the same address, and says in the header how far it came.
  if (const auto last = request.header("Last-Event-ID")) {
    const auto [end, error] = std::from_chars(last->data(), last->data() + last->size(), after);
    if (error != std::errc{} || end != last->data() + last->size() || after > kMost)
      return fail(ErrorCode::invalid_argument, "must be the id of an event", "Last-Event-ID");
  }
  return after;
}

Result<Reply> follow_study(Api& api, const Call& call) {
  KRIGE_TRY(const std::uint64_t after, starting_point(call.request));
  KRIGE_CHECK(api.engine.study(call["study"]));
  KRIGE_TRY(const Slots::Slot place, take_place(api));
  return stream_reply([stream = StudyStream(api, call["study"], after, call.request.gone),
                       place](const BodyWriter& write) mutable { stream.run(write); });
}

Result<Reply> follow_all(Api& api, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  KRIGE_TRY(const Slots::Slot place, take_place(api));
  const std::stop_token gone = call.request.gone;
  // Taken before the answer begins: what changes once the client sees the stream open is in it.
  const std::uint64_t start = api.engine.wait_changes(0, steady_clock::now(), gone).cursor;
  return stream_reply([&api, gone, place, start](const BodyWriter& write) {
    const Millis interval = api.options.heartbeat_interval;
    MonotonicTime beat = steady_clock::now() + interval;
    std::uint64_t cursor = start;
    if (!write(kReconnect)) return;
    while (!gone.stop_requested()) {
      const tuner::Engine::Changes changes = api.engine.wait_changes(cursor, beat, gone);
      cursor = changes.cursor;
      std::string text;
      for (const tuner::StudyView& study : changes.changed)
        text += event_text("study", dump(tuner::to_json(study, tuner::WithSpec::no)));
      for (const StudyId& id : changes.deleted) text += event_text("study_deleted", dump({{"id", id}}));
      if (text.empty() ? !keep_alive(write, beat, interval) : !write(text)) return;
      if (!text.empty()) beat = steady_clock::now() + interval;
    }
  });
}

}  // namespace

void add_events(Router& router, Api& api) {
  router.add("GET", "/api/v1/studies/{study}/events", [&api](const Call& call) { return follow_study(api, call); });
  router.add("GET", "/api/v1/events", [&api](const Call& call) { return follow_all(api, call); });
}

}  // namespace krige::server
