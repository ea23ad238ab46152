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
const std::string kReconnect = "retry: 1000\n\n";  // milliseconds
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

// The same as a list, for who has no stream.
Result<Reply> list_events(Api& api, const Call& call, std::uint64_t after) {
  KRIGE_TRY(const tuner::StudyView study, api.engine.study(call["study"]));
  KRIGE_TRY(const std::vector<tuner::Event> events,
            api.engine.wait_events(call["study"], after, kEventsAtOnce, steady_clock::now(), call.request.gone));
  const bool gap = after > study.row.seq || (!events.empty() && events.front().seq != after + 1);
  OrderedJson list = OrderedJson::array();
  if (!gap)
    for (const tuner::Event& event : events) list.push_back(tuner::to_json(event));
  return json_reply({{"events", std::move(list)}, {"seq", study.row.seq}, {"reset", gap}});
}

bool wants_json(const Request& request) {
  const auto accept = request.header("Accept");
  return accept && accept->starts_with("application/json");
}

Result<Reply> follow_study(Api& api, const Call& call) {
  KRIGE_TRY(const std::uint64_t after, starting_point(call.request));
  if (wants_json(call.request)) return list_events(api, call, after);
  KRIGE_CHECK(api.engine.study(call["study"]));
  KRIGE_TRY(const Slots::Slot place, take_place(api));
  return stream_reply([stream = StudyStream(api, call["study"], after, call.request.gone),
                       place](const BodyWriter& write) mutable { stream.run(write); });
}

constexpr std::size_t kMostFollowed = 64;

// A study whose own events one stream carries beside the changes of studies.
struct Followed {
  StudyId study;
  std::uint64_t after = 0;
};

// study=ID:AFTER, several times or with commas between.
std::vector<Followed> read_followed(QueryReader& query) {
  std::vector<Followed> out;
  for (const std::string& text : query.list("study")) {
    const std::size_t colon = text.find(':');
    Followed one{text.substr(0, colon), 0};
    const char* const end = text.data() + text.size();
    const char* const digits = colon == std::string::npos ? end : text.data() + colon + 1;
    const auto [read, error] = std::from_chars(digits, end, one.after);
    if (one.study.empty() || error != std::errc{} || read != end) {
      query.fault("study", fmt::format("must be the id of a study, a colon and the seq of an event, is {}", text));
      break;
    }
    out.push_back(std::move(one));
  }
  if (out.size() > kMostFollowed) query.fault("study", fmt::format("names more than {} studies", kMostFollowed));
  return out;
}

// What changes in studies, and of some of them each event: one connection for all that a browser shows.
class AllStream {
 public:
  AllStream(Api& api, std::vector<Followed> followed, bool all, std::stop_token gone)
      : api_(api),
        followed_(std::move(followed)),
        all_(all),
        gone_(std::move(gone)),
        // Taken before the answer begins: what changes once the client sees the stream open is in it.
        cursor_(api.engine.wait_changes(0, steady_clock::now(), gone_).cursor) {}

  void run(const BodyWriter& write) {
    const Millis interval = api_.options.heartbeat_interval;
    MonotonicTime beat = steady_clock::now() + interval;
    std::string beginning = kReconnect + missed_changes();
    beginning += events_of_followed();
    if (!write(beginning)) return;
    while (!gone_.stop_requested()) {
      const bool was_behind = behind_;
      const tuner::Engine::Changes changes =
          api_.engine.wait_changes(cursor_, was_behind ? steady_clock::now() : beat, gone_);
      cursor_ = changes.cursor;
      std::string text;
      for (const tuner::StudyView& study : changes.changed)
        if (all_ || follows(study.row.id)) text += change(study);
      text += events_of_followed();
      for (const StudyId& id : changes.deleted)
        if (all_ || follows(id)) text += deletion(id);
      if (text.empty()) {
        // The heartbeat is due, or something has changed of which nothing is told here; else nothing more is to come.
        const bool changed = was_behind || !changes.changed.empty() || !changes.deleted.empty();
        if (steady_clock::now() < beat && changed)
          gather(gone_);
        else if (!keep_alive(write, beat, interval))
          return;
        continue;
      }
      if (!write(text)) return;
      beat = steady_clock::now() + interval;
      if (!behind_) gather(gone_);
    }
  }

 private:
  [[nodiscard]] bool follows(const StudyId& id) const {
    return std::ranges::find(followed_, id, &Followed::study) != followed_.end();
  }

  static std::string deletion(const StudyId& id) { return event_text("study_deleted", dump({{"id", id}})); }

  static std::string change(const tuner::StudyView& study) {
    return event_text("study", dump(tuner::to_json(study, tuner::WithSpec::no)));
  }

  // Of studies that changed, or went, since the client read them: events alone do not tell counts and the best.
  [[nodiscard]] std::string missed_changes() const {
    std::string text;
    for (const Followed& one : followed_) {
      const Result<tuner::StudyView> study = api_.engine.study(one.study);
      if (!study) text += deletion(one.study);
      if (study && study->row.seq != one.after) text += change(*study);
    }
    return text;
  }

  std::string events_of_followed() {
    behind_ = false;
    std::string text;
    for (Followed& one : followed_) text += events_of(one);
    return text;
  }

  // After the last one sent, as many as go at once. A study that is gone has none: its deletion is told.
  std::string events_of(Followed& one) {
    std::string text;
    const Result<tuner::StudyView> study = api_.engine.study(one.study);
    if (!study || study->row.seq == one.after) return text;
    if (study->row.seq < one.after) return reset(one, study->row.seq);
    const auto events = api_.engine.wait_events(one.study, one.after, kEventsAtOnce, steady_clock::now(), gone_);
    if (!events || events->empty()) return text;
    if (events->front().seq != one.after + 1) return reset(one, study->row.seq);
    for (const tuner::Event& event : *events)
      text += event_text("study_event", dump({{"study", one.study}, {"event", tuner::to_json(event)}}));
    one.after = events->back().seq;
    behind_ = behind_ || one.after < study->row.seq;
    return text;
  }

  static std::string reset(Followed& one, std::uint64_t seq) {
    one.after = seq;
    return event_text("study_reset", dump({{"study", one.study}, {"seq", seq}}));
  }

  Api& api_;
  std::vector<Followed> followed_;
  bool all_;
  std::stop_token gone_;
  std::uint64_t cursor_;
  bool behind_ = false;  // there is more than was sent
};

Result<Reply> follow_all(Api& api, const Call& call) {
  QueryReader query(call.request);
  std::vector<Followed> followed = read_followed(query);
  const std::string others = query.text("others");
  if (!others.empty() && others != "true" && others != "false") query.fault("others", "must be true or false");
  KRIGE_CHECK(query.finish());
  const bool all = others.empty() ? followed.empty() : others == "true";
  KRIGE_TRY(const Slots::Slot place, take_place(api));
  return stream_reply([stream = AllStream(api, std::move(followed), all, call.request.gone),
                       place](const BodyWriter& write) mutable { stream.run(write); });
}

}  // namespace

void add_events(Router& router, Api& api) {
  router.add("GET", "/api/v1/studies/{study}/events", [&api](const Call& call) { return follow_study(api, call); });
  router.add("GET", "/api/v1/events", [&api](const Call& call) { return follow_all(api, call); });
}

}  // namespace krige::server
