// What the processes of a training do, for people to watch: a small file that is written anew while it trains.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <utility>

#include "base/clock.h"
#include "trainer/coordinator/crew.h"
#include "trainer/wire/messages.h"

namespace krige::trainer {

class Cluster {
 public:
  explicit Cluster(const TrainJob& job) : job_(job) {}

  void take(Role role, std::uint32_t index, const Figures& figures) { members_[{role, index}].figures = figures; }
  // The sums over the workers.
  [[nodiscard]] Figures of_workers() const;

  // One JSON object (docs/rest.md, cluster) as of `now`. Rates are since the last call, at first since `began`.
  [[nodiscard]] std::string text(MonotonicTime began, MonotonicTime now, Crew& crew);

 private:
  struct Known {
    Figures figures;
    Figures before;  // at the last call of text()
  };
  TrainJob job_;
  std::map<std::pair<Role, std::uint32_t>, Known> members_;
  std::optional<MonotonicTime> last_text_;
};

}  // namespace krige::trainer
