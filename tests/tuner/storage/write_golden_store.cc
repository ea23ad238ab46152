// write_golden_store FILE: a golden store of this program's version, for tests/golden/storage.
#include <fmt/format.h>

#include <cstdio>

#include "tests/tuner/storage/golden.h"
#include "tuner/storage/migrate.h"

namespace krige::tuner {
namespace {

Status write(const std::string& path) {
  KRIGE_TRY(const std::unique_ptr<Storage> store, open_sqlite_storage(path));
  const std::vector<StudyRow> rows = golden_rows();
  const std::vector<Event> events = golden_events();
  const auto event = [&](std::size_t i) { return NewEvent{events[i].type, events[i].data}; };
  KRIGE_CHECK(store->create_study(rows[0], {event(0)}));
  KRIGE_CHECK(store->create_study(rows[1], {}));
  Change change;
  change.study = rows[0].id;
  change.epoch = 1;
  change.time = events[1].time;
  change.trials = golden_trials(static_cast<int>(migrations().size()));
  change.records = golden_records();
  change.events = {event(1), event(2)};
  KRIGE_CHECK(store->commit(change));
  KRIGE_TRY(change.epoch, store->take_over(rows[0].id));
  change.time = events[3].time;
  change.row = rows[0];
  change.events = {event(3)};
  KRIGE_CHECK(store->commit(change));
  KRIGE_CHECK(store->keep_answer(golden_answer()));
  fmt::print("store_id {}\n", store->store_id());
  return {};
}

}  // namespace
}  // namespace krige::tuner

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: write_golden_store FILE\n");
    return 2;
  }
  const krige::Status written = krige::tuner::write(argv[1]);
  if (!written) fmt::print(stderr, "{}\n", written.error().describe());
  return written ? 0 : 1;
}
