#include "trainer/models/sparse_gradient.h"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"

namespace krige::trainer {
namespace {

TEST(TouchedFeatures, AreTheDistinctIdsAscendingWithTheirRanks) {
  TouchedFeatures touched;
  Rng rng(9);
  for (const std::size_t columns : {1U, 64U, 100'000U, 70U, 5000U}) {  // smaller than before as well
    std::vector<std::uint32_t> ids;
    for (int i = 0; i < 500; ++i) ids.push_back(static_cast<std::uint32_t>(rng.below(columns)));
    ids.push_back(static_cast<std::uint32_t>(columns - 1));
    touched.collect(ids, columns);
    const std::set<std::uint32_t> expected(ids.begin(), ids.end());
    ASSERT_EQ(touched.ids(), std::vector<std::uint32_t>(expected.begin(), expected.end()));
    for (std::size_t i = 0; i < touched.ids().size(); ++i) EXPECT_EQ(touched.rank(touched.ids()[i]), i);
  }
  touched.collect({}, 3);
  EXPECT_TRUE(touched.ids().empty());
}

}  // namespace
}  // namespace krige::trainer
