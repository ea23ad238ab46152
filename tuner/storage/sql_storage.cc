#include "tuner/storage/sql_storage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "tuner/storage/migrate.h"
#include "tuner/storage/rows.h"
#include "tuner/storage/sql_query.h"

namespace krige::tuner {
namespace {

using std::optional;
using std::string;
using std::tuple;
using Int = std::int64_t;

Int to_ms(WallTime time) { return time.time_since_epoch().count(); }
optional<Int> to_ms(const optional<WallTime>& time) { return time ? optional<Int>(to_ms(*time)) : std::nullopt; }
WallTime to_time(Int ms) { return WallTime(Millis(ms)); }
optional<WallTime> to_time(const optional<Int>& ms) { return ms ? optional<WallTime>(to_time(*ms)) : std::nullopt; }

// SQLite keeps NaN as NULL and -0.0 as 0.0: the sign beside the value tells them from none and from 0.0.
optional<Int> to_sign(const optional<double>& value) {
  return value ? optional<Int>(std::signbit(*value) ? -1 : 1) : std::nullopt;
}
optional<double> to_column(const optional<double>& value) {
  return value && !std::isnan(*value) ? value : std::nullopt;
}
optional<double> from_columns(const optional<double>& value, const optional<Int>& sign) {
  if (!sign) return std::nullopt;
  return std::copysign(value.value_or(std::numeric_limits<double>::quiet_NaN()), static_cast<double>(*sign));
}

// The largest BIGINT is beyond every number that a store can reach.
Int clamped(std::uint64_t number) {
  return static_cast<Int>(std::min<std::uint64_t>(number, std::numeric_limits<Int>::max()));
}

struct Queries {
  explicit Queries(soci::session& session) : s(session) {}
  soci::session& s;

  SqlQuery<tuple<Int, Int>(string)> study_head{s, "SELECT seq, epoch FROM studies WHERE id = :study"};
  SqlQuery<tuple<Int>()> last_ordinal{s, "SELECT coalesce(max(ordinal), 0) FROM studies"};
  SqlQuery<tuple<>(string, Int, string, string, string, Int, Int, optional<Int>, string)> add_study{
      s,
      "INSERT INTO studies (id, ordinal, name, state, state_reason, seq, epoch, active_ms, created_at, ended_at, spec) "
      "VALUES (:id, :ordinal, :name, :state, :reason, 0, 1, :active_ms, :created_at, :ended_at, :spec)"};
  SqlQuery<tuple<>(string, string, string, string, Int, optional<Int>, Int, string)> set_study{
      s,
      "UPDATE studies SET name = :name, spec = :spec, state = :state, state_reason = :reason, active_ms = :active_ms, "
      "ended_at = :ended_at, seq = :seq "
      "WHERE id = :study"};
  SqlQuery<tuple<>(Int, string)> set_seq{s, "UPDATE studies SET seq = :seq WHERE id = :study"};
  SqlQuery<tuple<>(Int, string)> set_epoch{s, "UPDATE studies SET epoch = :epoch WHERE id = :study"};
  SqlQuery<tuple<>(string)> delete_study{s, "DELETE FROM studies WHERE id = :study"};
  SqlQuery<tuple<string, string, string, string, Int, Int, Int, Int, optional<Int>, string>()> studies{
      s,
      "SELECT id, name, state, state_reason, seq, epoch, active_ms, created_at, ended_at, spec FROM studies "
      "ORDER BY ordinal"};

  SqlQuery<tuple<Int>(string, Int)> trial_exists{s, "SELECT 1 FROM trials WHERE study = :study AND trial = :trial"};
  SqlQuery<tuple<>(string, Int, string, string, string, optional<double>, optional<Int>, string, string, Int,
                   optional<Int>, Int, optional<Int>, optional<Int>)>
      put_trial{
          s,
          "INSERT INTO trials (study, trial, state, reason, params, value, value_sign, outcome, suggestion, "
          "created_at, ended_at, end_number, records_removed_at, files_removed_at) "
          "VALUES (:study, :trial, :state, :reason, :params, :value, :value_sign, :outcome, :suggestion, :created_at, "
          ":ended_at, :end_number, :records_removed_at, :files_removed_at) "
          "ON CONFLICT (study, trial) DO UPDATE SET state = excluded.state, reason = excluded.reason, "
          "params = excluded.params, value = excluded.value, value_sign = excluded.value_sign, "
          "outcome = excluded.outcome, suggestion = excluded.suggestion, created_at = excluded.created_at, ended_at = "
          "excluded.ended_at, end_number = excluded.end_number, records_removed_at = excluded.records_removed_at, "
          "files_removed_at = excluded.files_removed_at"};
  SqlQuery<tuple<Int, string, string, string, optional<double>, optional<Int>, string, string, Int, optional<Int>, Int,
                 optional<Int>, optional<Int>>(string)>
      trials{s,
             "SELECT trial, state, reason, params, value, value_sign, outcome, suggestion, created_at, ended_at, "
             "end_number, records_removed_at, files_removed_at FROM trials "
             "WHERE study = :study ORDER BY trial"};
  SqlQuery<tuple<>(string, Int)> delete_attempts{s, "DELETE FROM attempts WHERE study = :study AND trial = :trial"};
  SqlQuery<tuple<>(string, Int, Int, string, string, string, string, Int, optional<Int>)> add_attempt{
      s,
      "INSERT INTO attempts (study, trial, attempt, token, state, worker, reason, started_at, ended_at) "
      "VALUES (:study, :trial, :attempt, :token, :state, :worker, :reason, :started_at, :ended_at)"};
  SqlQuery<tuple<Int, Int, string, string, string, string, Int, optional<Int>>(string)> attempts{
      s,
      "SELECT trial, attempt, token, state, worker, reason, started_at, ended_at FROM attempts "
      "WHERE study = :study ORDER BY trial, attempt"};

  SqlQuery<tuple<>(string, Int, Int, Int, string)> put_record{
      s,
      "INSERT INTO records (study, trial, attempt, step, metrics) VALUES (:study, :trial, :attempt, :step, :metrics) "
      "ON CONFLICT (study, trial, attempt, step) DO UPDATE SET metrics = excluded.metrics"};
  SqlQuery<tuple<Int, Int, string>(string, Int)> records{
      s, "SELECT attempt, step, metrics FROM records WHERE study = :study AND trial = :trial ORDER BY attempt, step"};
  SqlQuery<tuple<>(string, Int)> forget_records{s, "DELETE FROM records WHERE study = :study AND trial = :trial"};

  SqlQuery<tuple<>(string, Int, string, Int, string)> add_event{
      s, "INSERT INTO events (study, seq, type, time, data) VALUES (:study, :seq, :type, :time, :data)"};
  SqlQuery<tuple<Int, string, Int, string>(string, Int, Int)> events{
      s, "SELECT seq, type, time, data FROM events WHERE study = :study AND seq > :after ORDER BY seq LIMIT :limit"};
  SqlQuery<tuple<Int, string>(string, string)> events_of_type{
      s, "SELECT seq, data FROM events WHERE study = :study AND type = :type"};
  SqlQuery<tuple<>(string, Int)> forget_event{s, "DELETE FROM events WHERE study = :study AND seq = :seq"};
  SqlQuery<tuple<>(string, string, string, Int)> add_answer{
      s,
      "INSERT INTO answers (key, request, answer, time) VALUES (:key, :request, :answer, :time) "
      "ON CONFLICT (key) DO NOTHING"};
  SqlQuery<tuple<>(Int)> forget_answers{s, "DELETE FROM answers WHERE time < :time"};
  SqlQuery<tuple<string, string, Int>(string)> answer{s, "SELECT request, answer, time FROM answers WHERE key = :key"};

  SqlQuery<tuple<Int, Int, string>(string, string)> last_event{
      s, "SELECT seq, time, data FROM events WHERE study = :study AND type = :type ORDER BY seq DESC LIMIT 1"};
};

// The first fault of a scan: what was read is not what was written.
class ReadFaults {
 public:
  explicit ReadFaults(const string& store) : store_(store) {}
  void add(string what) {
    if (!first_) first_ = Error{ErrorCode::corrupt, fmt::format("store {}: {}", store_, what), {}, {}};
  }
  // The value, or a fault of `what` and a default.
  template <typename T>
  T take(Result<T> read, const string& what) {
    if (read) return *std::move(read);
    add(fmt::format("{}: {}", what, read.error().describe()));
    return {};
  }
  template <typename State>
  State take(optional<State> state, const string& name, const string& what) {
    if (state) return *state;
    add(fmt::format("{} is in an unknown state {}", what, name));
    return {};
  }
  template <typename T>
  Result<T> result(T value) && {
    if (first_) return fail(*std::move(first_));
    return value;
  }

 private:
  const string& store_;
  optional<Error> first_;
};

class SqlStorage final : public Storage {
 public:
  SqlStorage(std::unique_ptr<SqlDialect> dialect, std::unique_ptr<Queries> queries, string store_id)
      : store_id_(std::move(store_id)), dialect_(std::move(dialect)), queries_(std::move(queries)), q_(*queries_) {}

  Status create_study(const StudyRow& row, const std::vector<NewEvent>& events,
                      const std::vector<KeptAnswer>& answers) override {
    return transaction([&]() -> Status {
      if (q_.study_head.row(row.id)) return fail(study_exists(row.id));
      const auto [last] = *q_.last_ordinal.row();
      q_.add_study.run(row.id, last + 1, row.name, string(name(row.state)), row.state_reason, row.active_time.count(),
                       to_ms(row.created_at), to_ms(row.ended_at), row.spec);
      append(row.id, 0, events, row.created_at);
      for (const KeptAnswer& answer : answers) keep(answer);
      return {};
    });
  }

  // After LevelDB's DBImpl::Write: who is first in the queue writes for all that are in it, the others wait.
  Result<std::uint64_t> commit(const Change& change) override {
    Commit mine{change, {}, false};
    std::unique_lock queue(queue_mutex_);
    queue_.push_back(&mine);
    queue_moved_.wait(queue, [&] { return mine.done || queue_.front() == &mine; });
    if (!mine.done) {
      const std::vector<Commit*> group(queue_.begin(), queue_.end());
      queue.unlock();
      write(group);
      queue.lock();
      queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(group.size()));
      for (Commit* commit : group) commit->done = true;
      queue_moved_.notify_all();
    }
    return std::move(mine.result);
  }

  Status delete_study(const StudyId& study) override {
    return transaction([&]() -> Status {
      KRIGE_CHECK(head(study));
      q_.delete_study.run(study);
      return {};
    });
  }

  Result<std::uint64_t> take_over(const StudyId& study) override {
    return transaction([&]() -> Result<std::uint64_t> {
      KRIGE_TRY(const Head found, head(study));
      q_.set_epoch.run(clamped(found.epoch + 1), study);
      return found.epoch + 1;
    });
  }

  Result<std::vector<StudyRow>> studies() override {
    return guarded([&]() -> Result<std::vector<StudyRow>> {
      std::vector<StudyRow> rows;
      ReadFaults faults(dialect_->store_name());
      q_.studies.each([&](string id, string title, const string& state, string reason, Int seq, Int epoch,
                          Int active_ms, Int created_at, optional<Int> ended_at, string spec) {
        const StudyState known = faults.take(study_state(state), state, "study " + id);
        rows.push_back({std::move(id), std::move(title), std::move(spec), known, std::move(reason),
                        static_cast<std::uint64_t>(seq), static_cast<std::uint64_t>(epoch), Millis(active_ms),
                        to_time(created_at), to_time(ended_at)});
      });
      return std::move(faults).result(std::move(rows));
    });
  }

  Result<std::vector<Trial>> trials(const StudyId& study) override {
    return guarded([&]() -> Result<std::vector<Trial>> {
      KRIGE_CHECK(head(study));
      ReadFaults faults(dialect_->store_name());
      std::vector<Trial> trials = read_trials(study, faults);
      read_attempts(study, trials, faults);
      return std::move(faults).result(std::move(trials));
    });
  }

  Result<std::vector<Record>> records(const StudyId& study, TrialId trial) override {
    return guarded([&]() -> Result<std::vector<Record>> {
      KRIGE_CHECK(head(study));
      std::vector<Record> records;
      ReadFaults faults(dialect_->store_name());
      q_.records.each(
          [&](Int attempt, Int step, const string& metrics) {
            const string what = fmt::format("study {}, trial {}, step {}", study, trial, step);
            records.push_back(
                {trial, static_cast<AttemptId>(attempt), step, faults.take(metrics_from_text(metrics), what)});
          },
          study, trial);
      return std::move(faults).result(std::move(records));
    });
  }

  Result<std::vector<Event>> events(const StudyId& study, std::uint64_t after, std::size_t limit) override {
    return guarded([&]() -> Result<std::vector<Event>> {
      KRIGE_CHECK(head(study));
      std::vector<Event> events;
      q_.events.each(
          [&](Int seq, string type, Int time, string data) {
            events.push_back({static_cast<std::uint64_t>(seq), std::move(type), to_time(time), std::move(data)});
          },
          study, clamped(after), clamped(limit));
      return events;
    });
  }

  Result<optional<Event>> last_event(const StudyId& study, const string& type) override {
    return guarded([&]() -> Result<optional<Event>> {
      KRIGE_CHECK(head(study));
      auto found = q_.last_event.row(study, type);
      if (!found) return std::nullopt;
      auto& [seq, time, data] = *found;
      return Event{static_cast<std::uint64_t>(seq), type, to_time(time), std::move(data)};
    });
  }

  Status keep_answer(const KeptAnswer& answer) override {
    return transaction([&]() -> Status {
      keep(answer);
      return {};
    });
  }

  Result<optional<KeptAnswer>> kept_answer(const string& key) override {
    return guarded([&]() -> Result<optional<KeptAnswer>> {
      auto found = q_.answer.row(key);
      if (!found) return std::nullopt;
      auto& [request, answer, time] = *found;
      return KeptAnswer{key, std::move(request), std::move(answer), to_time(time)};
    });
  }

  [[nodiscard]] string store_id() const override { return store_id_; }

 private:
  void keep(const KeptAnswer& answer) {
    q_.forget_answers.run(to_ms(answer.time - kAnswersAreKept));
    q_.add_answer.run(answer.key, answer.request, answer.answer, to_ms(answer.time));
  }

  struct Head {
    std::uint64_t seq = 0;
    std::uint64_t epoch = 0;
  };

  template <typename Call>
  std::invoke_result_t<Call> guarded(Call call) {
    const std::lock_guard lock(mutex_);
    try {
      return call();
    } catch (const std::exception& e) {
      return fail(dialect_->explain(e));
    }
  }

  // Commits when `call` succeeds, else keeps nothing of it.
  template <typename Call>
  std::invoke_result_t<Call> transaction(Call call) {
    return guarded([&] {
      soci::transaction open(dialect_->session());  // rolls back unless committed
      auto done = call();
      if (done) open.commit();
      return done;
    });
  }

  Result<Head> head(const StudyId& study) {
    const auto found = q_.study_head.row(study);
    if (!found) return fail(no_study(study));
    const auto [seq, epoch] = *found;
    return Head{static_cast<std::uint64_t>(seq), static_cast<std::uint64_t>(epoch)};
  }

  struct Commit {
    const Change& change;
    Result<std::uint64_t> result;
    bool done = false;
  };

  // The rows of studies that a transaction changes, written once at its end.
  struct Touched {
    Head head;
    const StudyRow* row = nullptr;
  };
  using Studies = std::map<StudyId, Touched>;

  // All in one transaction. A change that is refused has written nothing by then; where the database itself fails, each
  // change is tried again alone, so that it fails for none but itself.
  void write(const std::vector<Commit*>& group) {
    const Status together = transaction([&]() -> Status {
      Studies studies;
      for (Commit* commit : group) commit->result = apply(commit->change, studies);
      flush(studies);
      return {};
    });
    if (together) return;
    for (Commit* commit : group)
      commit->result = group.size() == 1 ? Result<std::uint64_t>(fail(together.error())) : write_alone(commit->change);
  }

  Result<std::uint64_t> write_alone(const Change& change) {
    return transaction([&]() -> Result<std::uint64_t> {
      Studies studies;
      KRIGE_TRY(const std::uint64_t seq, apply(change, studies));
      flush(studies);
      return seq;
    });
  }

  Status check_against_store(const Change& change, const Head& head) {
    if (head.epoch != change.epoch) return fail(stale_epoch(change, head.epoch));
    std::set<TrialId> known;
    for (const Trial& trial : change.trials) known.insert(trial.id);
    for (const Record& record : change.records)
      if (known.insert(record.trial).second && !q_.trial_exists.row(change.study, record.trial))
        return fail(no_trial(change.study, record.trial));
    return {};
  }

  // Within a transaction. Whatever it refuses, it refuses before it writes.
  Result<std::uint64_t> apply(const Change& change, Studies& studies) {
    KRIGE_CHECK(check(change));
    auto found = studies.find(change.study);
    if (found == studies.end()) {
      KRIGE_TRY(const Head stored, head(change.study));
      found = studies.emplace(change.study, Touched{stored, nullptr}).first;
    }
    auto& [now, row] = found->second;
    KRIGE_CHECK(check_against_store(change, now));
    for (const Trial& trial : change.trials) put_trial(change.study, trial);
    for (const Record& record : change.records)
      q_.put_record.run(change.study, record.trial, record.attempt, record.step, metrics_text(record.metrics));
    forget(change);
    for (const NewEvent& event : change.events)
      q_.add_event.run(change.study, clamped(++now.seq), event.type, to_ms(change.time), event.data);
    for (const KeptAnswer& answer : change.answers) keep(answer);
    if (change.row) row = &*change.row;
    return now.seq;
  }

  void forget(const Change& change) {
    if (change.forgotten.empty()) return;
    for (const TrialId trial : change.forgotten) q_.forget_records.run(change.study, trial);
    const std::set<TrialId> trials(change.forgotten.begin(), change.forgotten.end());
    std::vector<Int> events;
    q_.events_of_type.each(
        [&](Int seq, const string& data) {
          if (trials.contains(reported_trial(data))) events.push_back(seq);
        },
        change.study, kTrialReported);
    for (const Int seq : events) q_.forget_event.run(change.study, seq);
  }

  void flush(const Studies& studies) {
    for (const auto& [study, touched] : studies) {
      const auto& [now, row] = touched;
      if (row == nullptr)
        q_.set_seq.run(clamped(now.seq), study);
      else
        q_.set_study.run(row->name, row->spec, string(name(row->state)), row->state_reason, row->active_time.count(),
                         to_ms(row->ended_at), clamped(now.seq), study);
    }
  }

  void put_trial(const StudyId& study, const Trial& trial) {
    q_.put_trial.run(study, trial.id, string(name(trial.state)), trial.reason, params_text(trial.params),
                     to_column(trial.value), to_sign(trial.value), outcome_text(trial),
                     suggestion_text(trial.suggestion), to_ms(trial.created_at), to_ms(trial.ended_at),
                     trial.end_number, to_ms(trial.records_removed_at), to_ms(trial.files_removed_at));
    q_.delete_attempts.run(study, trial.id);
    for (const Attempt& attempt : trial.attempts)
      q_.add_attempt.run(study, trial.id, attempt.id, attempt.token, string(name(attempt.state)), attempt.worker,
                         attempt.reason, to_ms(attempt.started_at), to_ms(attempt.ended_at));
  }

  // The sequence number after the last.
  std::uint64_t append(const StudyId& study, std::uint64_t seq, const std::vector<NewEvent>& events, WallTime time) {
    if (events.empty()) return seq;
    for (const NewEvent& event : events) q_.add_event.run(study, clamped(++seq), event.type, to_ms(time), event.data);
    q_.set_seq.run(clamped(seq), study);
    return seq;
  }

  std::vector<Trial> read_trials(const StudyId& study, ReadFaults& faults) {
    std::vector<Trial> trials;
    q_.trials.each(
        [&](Int id, const string& state, string reason, const string& params, optional<double> value,
            optional<Int> sign, const string& outcome, const string& suggestion, Int created_at, optional<Int> ended_at,
            Int end_number, optional<Int> records_removed_at, optional<Int> files_removed_at) {
          const string what = fmt::format("study {}, trial {}", study, id);
          Trial& trial = trials.emplace_back();
          trial.id = id;
          trial.state = faults.take(trial_state(state), state, what);
          trial.reason = std::move(reason);
          trial.params = faults.take(params_from_text(params), what);
          trial.value = from_columns(value, sign);
          if (const Status read = outcome_from_text(outcome, trial); !read)
            faults.add(fmt::format("{}: {}", what, read.error().describe()));
          trial.suggestion = faults.take(suggestion_from_text(suggestion), what);
          trial.created_at = to_time(created_at);
          trial.ended_at = to_time(ended_at);
          trial.end_number = end_number;
          trial.records_removed_at = to_time(records_removed_at);
          trial.files_removed_at = to_time(files_removed_at);
        },
        study);
    return trials;
  }

  // Both scans are in the order of the trials.
  void read_attempts(const StudyId& study, std::vector<Trial>& trials, ReadFaults& faults) {
    auto trial = trials.begin();
    q_.attempts.each(
        [&](Int of, Int id, string token, const string& state, string worker, string reason, Int started_at,
            optional<Int> ended_at) {
          while (trial != trials.end() && trial->id < of) ++trial;
          const string what = fmt::format("study {}, trial {}, attempt {}", study, of, id);
          if (trial == trials.end() || trial->id != of) return faults.add(what + " has no trial");
          trial->attempts.push_back({static_cast<AttemptId>(id), std::move(token),
                                     faults.take(attempt_state(state), state, what), std::move(worker),
                                     std::move(reason), to_time(started_at), to_time(ended_at)});
        },
        study);
  }

  const string store_id_;

  std::mutex queue_mutex_;
  std::condition_variable queue_moved_;
  std::deque<Commit*> queue_;  // guarded by queue_mutex_

  std::mutex mutex_;  // guards the session, and so all below
  std::unique_ptr<SqlDialect> dialect_;
  std::unique_ptr<Queries> queries_;
  Queries& q_;
};

// Made at the first opening.
string read_store_id(soci::session& session) {
  string id = random_id(16);
  session << "INSERT INTO meta (key, value) VALUES ('store_id', :id) ON CONFLICT (key) DO NOTHING", soci::use(id);
  session << "SELECT value FROM meta WHERE key = 'store_id'", soci::into(id);
  return id;
}

}  // namespace

Result<std::unique_ptr<Storage>> open_sql_storage(std::unique_ptr<SqlDialect> dialect) {
  KRIGE_CHECK(migrate(*dialect, migrations(), to_ms(system_clock().wall_now())));
  try {
    auto queries = std::make_unique<Queries>(dialect->session());
    string id = read_store_id(dialect->session());
    return std::make_unique<SqlStorage>(std::move(dialect), std::move(queries), std::move(id));
  } catch (const std::exception& e) {
    return fail(dialect->explain(e));
  }
}

}  // namespace krige::tuner
