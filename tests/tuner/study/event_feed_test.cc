#include "tuner/study/event_feed.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace krige::tuner {
namespace {

using namespace std::chrono_literals;

MonotonicTime soon() { return std::chrono::steady_clock::now() + 10s; }

// As a change of so many events does.
void publish(EventFeed& feed, std::uint64_t first, std::uint64_t last) {
  std::vector<NewEvent> events;
  for (std::uint64_t seq = first; seq <= last; ++seq) events.push_back({"TRIAL_CREATED", std::to_string(seq)});
  feed.publish(events, WallTime(7ms), last);
}

TEST(EventFeed, WhoFollowsFindsTheLatestEvents) {
  EventFeed feed(10);
  EXPECT_EQ(feed.events(10, 100), std::nullopt) << "nobody followed: the store has them";
  EXPECT_EQ(feed.wait_past(9, soon(), {}), 10U);
  publish(feed, 11, 12);
  publish(feed, 13, 13);
  EXPECT_EQ(feed.wait_past(10, soon(), {}), 13U);
  const auto all = feed.events(10, 100);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ(all->front(), (Event{11, "TRIAL_CREATED", WallTime(7ms), "11"}));
  EXPECT_EQ(all->back().seq, 13U);
  EXPECT_EQ(feed.events(10, 2)->back().seq, 12U);
  EXPECT_EQ(feed.events(12, 100)->front().seq, 13U);
  EXPECT_TRUE(feed.events(13, 100)->empty());
  EXPECT_EQ(feed.events(9, 100), std::nullopt) << "event 10 was before";
}

TEST(EventFeed, WhatNobodyFollowsIsNotKept) {
  EventFeed feed(0);
  publish(feed, 1, 3);
  EXPECT_EQ(feed.wait_past(0, soon(), {}), 3U);
  EXPECT_EQ(feed.events(0, 100), std::nullopt);
}

TEST(EventFeed, KeepsABoundedNumber) {
  EventFeed feed(0);
  EXPECT_EQ(feed.wait_past(0, {}, {}), 0U);
  publish(feed, 1, 10'000);
  EXPECT_EQ(feed.events(5'000, 100), std::nullopt);
  EXPECT_EQ(feed.events(9'000, 100)->front().seq, 9'001U);
}

TEST(EventFeed, AWaitEndsWithAnEventTheDeadlineTheStopAndTheFeed) {
  EventFeed feed(1);
  EXPECT_EQ(feed.wait_past(1, std::chrono::steady_clock::now() + 1ms, {}), 1U);
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_EQ(feed.wait_past(1, soon(), stopped.get_token()), 1U);
  std::jthread publisher([&] { publish(feed, 2, 2); });
  EXPECT_EQ(feed.wait_past(1, soon(), {}), 2U);
  std::jthread closer([&] { feed.close(); });
  EXPECT_EQ(feed.wait_past(2, MonotonicTime::max(), {}), 2U);
}

}  // namespace
}  // namespace krige::tuner
