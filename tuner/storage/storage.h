// Where studies live. One process owns a store; what commit() accepted survives kill -9 and power loss.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "tuner/trial/trial.h"

namespace krige::tuner {

struct StudyRow {
  StudyId id;
  std::string name;
  std::string spec;  // canonical study file, JSON text
  StudyState state = StudyState::active;
  std::string state_reason;
  std::uint64_t seq = 0;    // of its last event; set by the store
  std::uint64_t epoch = 0;  // of the runner that may change it; set by the store
  Millis active_time{0};    // how long it has been ACTIVE, as of the last change: what max_time counts
  WallTime created_at;
  std::optional<WallTime> ended_at;
  friend bool operator==(const StudyRow&, const StudyRow&) = default;
};

struct NewEvent {
  std::string type;  // TRIAL_CREATED, … (docs/rest.md)
  std::string data;  // JSON text of an object: the event's own members
  friend bool operator==(const NewEvent&, const NewEvent&) = default;
};

// The event of a record; its data begins with the trial's id: {"trial_id":12,
inline constexpr char kTrialReported[] = "TRIAL_REPORTED";

struct Event {
  std::uint64_t seq = 0;  // 1, 2, … in its study; what was removed leaves a gap
  std::string type;
  WallTime time;
  std::string data;
  friend bool operator==(const Event&, const Event&) = default;
};

// What was answered to a request that may come again under its key; texts of whoever answers.
struct KeptAnswer {
  std::string key;
  std::string request;  // tells requests apart that come under one key
  std::string answer;
  WallTime time;
  friend bool operator==(const KeptAnswer&, const KeptAnswer&) = default;
};
// For so long; then the key is as new.
inline constexpr Millis kAnswersAreKept = std::chrono::hours(24);

// Everything that changes together, in one transaction.
struct Change {
  StudyId study;
  std::uint64_t epoch = 0;      // must be the study's, else the change is refused with ErrorCode::conflict
  WallTime time;                // of its events
  std::optional<StudyRow> row;  // name, spec, state, state_reason, active_time and ended_at are taken from it
  std::vector<Trial> trials;    // each inserted or replaced whole, with its attempts
  std::vector<Record> records;  // appended; the same (trial, attempt, step) again replaces
  // Whose records go, and the events kTrialReported of them, which leave gaps; of no trial with `records`.
  std::vector<TrialId> forgotten;
  std::vector<NewEvent> events;  // numbered seq + 1, seq + 2, …
  std::vector<KeptAnswer> answers;
};

// Thread-safe. Nothing of a call that fails was kept. Errors: io (the system refused, as on a full disk; the store goes
// on when it allows again), corrupt, not_found (the study; in commit() also the trial of a record), conflict,
// invalid_argument (names or parameters that are not UTF-8, a parameter that is not finite, a name given twice,
// attempts not by id; with the field's path), unavailable (another program has locked the file for longer than 5 s).
// Other text may hold any bytes.
class Storage {
 public:
  virtual ~Storage() = default;

  // A new study with its first events, at epoch 1. already_exists when the id is taken.
  virtual Status create_study(const StudyRow& row, const std::vector<NewEvent>& events,
                              const std::vector<KeptAnswer>& answers = {}) = 0;
  // All or nothing; durable when it returns. The sequence number of its last event (of the study, when it has none).
  // Changes that callers bring at the same time share a transaction, and with it the wait for the disk (group commit);
  // one that is refused takes none of the others with it.
  virtual Result<std::uint64_t> commit(const Change& change) = 0;
  // The study and everything of it.
  virtual Status delete_study(const StudyId& study) = 0;
  // A new runner takes the study over: raises its epoch, so that changes of the old runner are refused. The new epoch.
  virtual Result<std::uint64_t> take_over(const StudyId& study) = 0;

  virtual Result<std::vector<StudyRow>> studies() = 0;                                   // by creation
  virtual Result<std::vector<Trial>> trials(const StudyId& study) = 0;                   // by id
  virtual Result<std::vector<Record>> records(const StudyId& study, TrialId trial) = 0;  // by attempt, step
  // At most `limit` events with seq > after, by seq.
  virtual Result<std::vector<Event>> events(const StudyId& study, std::uint64_t after, std::size_t limit) = 0;
  // The newest event of the type; nullopt when the study has none. Looks from the end: the more lately, the sooner.
  virtual Result<std::optional<Event>> last_event(const StudyId& study, const std::string& type) = 0;

  // An answer that belongs to no change. The first one under a key stays; answers older than kAnswersAreKept go.
  virtual Status keep_answer(const KeptAnswer& answer) = 0;
  virtual Result<std::optional<KeptAnswer>> kept_answer(const std::string& key) = 0;

  // A random identity of the store, made with it: marks the processes that belong to it.
  [[nodiscard]] virtual std::string store_id() const = 0;
};

// Forgets everything when it ends: for `krige ask-tell` and sweeps without a file.
[[nodiscard]] std::unique_ptr<Storage> make_memory_storage();

// A file in WAL mode with synchronous=FULL, made when absent with mode 0600; its lock is the file PATH.lock. Errors:
// conflict when another process holds it (named by its pid), unsupported when a newer version or another program wrote
// it, io, corrupt.
[[nodiscard]] Result<std::unique_ptr<Storage>> open_sqlite_storage(const std::string& path);

}  // namespace krige::tuner
