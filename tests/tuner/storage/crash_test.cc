// kill -9 in the middle of commits: what was acknowledged is there.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <soci/soci.h>

#include "base/rng.h"
#include "tests/tuner/storage/support.h"
#include "tests/tuner/storage/values.h"
#include "tuner/storage/sqlite_dialect.h"

namespace krige::tuner {
namespace {

constexpr int kRounds = 10;

// Commit number `n` inserts trial n and changes trial n − 1; every seventh is long.
Change numbered_change(std::uint64_t epoch, std::uint64_t n) {
  Change change = change_of("s1", epoch, static_cast<TrialId>(n));
  change.events[0].data = std::to_string(n);
  if (n % 7 == 0) change.trials[0].reason = std::string(50'000, 'x');
  if (n > 1) {
    change.trials.push_back(full_trial(static_cast<TrialId>(n) - 1));
    change.trials.back().reason = "followed";
  }
  return change;
}

// Goes on with the study for ever, and says which commits were accepted.
void commit_for_ever(const std::string& path, int out) {
  Result<std::unique_ptr<Storage>> store = open_sqlite_storage(path);
  if (!store) return;
  if ((*store)->studies().value().empty() && !(*store)->create_study(study_row("s1"), {})) return;
  const std::uint64_t epoch = (*store)->take_over("s1").value();
  std::uint64_t n = (*store)->studies().value()[0].seq;
  while ((*store)->commit(numbered_change(epoch, n + 1))) write_number(out, ++n);
}

// Every commit up to the last one is whole.
void expect_whole(Storage& store, std::uint64_t last) {
  const std::vector<Event> events = store.events("s1", 0, 1'000'000).value();
  const std::vector<Trial> trials = store.trials("s1").value();
  ASSERT_EQ(events.size(), last);
  ASSERT_EQ(trials.size(), last);
  for (std::uint64_t n = 1; n <= last; ++n) {
    const std::uint64_t i = n - 1;
    ASSERT_EQ(events[i].seq, n);
    ASSERT_EQ(events[i].data, std::to_string(n));
    Trial expected = full_trial(static_cast<TrialId>(n));
    expected.reason = n < last ? "followed" : numbered_change(1, n).trials[0].reason;
    ASSERT_EQ(trials[i], expected);
    ASSERT_EQ(store.records("s1", expected.id).value(), numbered_change(1, n).records);
  }
}

TEST(Crash, KillingTheOwnerLosesNoAcknowledgedCommit) {
  const TemporaryFolder folder;
  const std::string path = folder.file("krige.db");
  Rng rng(2026);
  std::uint64_t last = 0;
  std::string id;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    std::uint64_t acknowledged = last;
    {
      Child owner([&](int out, int) { commit_for_ever(path, out); });
      for (std::uint64_t left = 1 + rng.below(150); left > 0; --left) {
        const std::optional<std::uint64_t> number = owner.read_number();
        ASSERT_EQ(number, acknowledged + 1);
        acknowledged = *number;
      }
      // Somewhere within one of the next commits.
      for (std::uint64_t spin = rng.below(200'000); spin > 0; --spin) static_cast<void>(rng.next());
      owner.kill();
      while (const std::optional<std::uint64_t> number = owner.read_number()) acknowledged = *number;
    }
    {
      const Result<std::unique_ptr<Storage>> store = open_sqlite_storage(path);
      ASSERT_TRUE(store) << store.error().describe();
      last = (*store)->studies().value().at(0).seq;
      EXPECT_GE(last, acknowledged);
      EXPECT_LE(last, acknowledged + 1) << "one may have been kept and not acknowledged";
      expect_whole(**store, last);
      if (round == 0) id = (*store)->store_id();
      EXPECT_EQ((*store)->store_id(), id);
    }
    std::string integrity;
    open_sqlite_dialect(path).value()->session() << "PRAGMA integrity_check", soci::into(integrity);
    EXPECT_EQ(integrity, "ok");
  }
}

// Also while the store is being made.
TEST(Crash, KillingTheMakerLeavesAStoreThatOpens) {
  Rng rng(11);
  for (int round = 0; round < kRounds; ++round) {
    const TemporaryFolder folder;
    const std::string path = folder.file("krige.db");
    {
      Child maker([&](int out, int) {
        write_number(out, 1);
        commit_for_ever(path, -1);
      });
      ASSERT_EQ(maker.read_number(), 1U);
      for (std::uint64_t spin = rng.below(20'000'000); spin > 0; --spin) static_cast<void>(rng.next());
      maker.kill();
    }
    const Result<std::unique_ptr<Storage>> store = open_sqlite_storage(path);
    ASSERT_TRUE(store) << store.error().describe();
    EXPECT_LE((*store)->studies().value().size(), 1U);
  }
}

}  // namespace
}  // namespace krige::tuner
