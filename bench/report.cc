#include "bench/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "base/rng.h"

namespace krige::bench {
namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double quantile(std::vector<double> values, double q) {
  std::ranges::sort(values);
  return values[std::min(values.size() - 1, static_cast<std::size_t>(q * static_cast<double>(values.size())))];
}

std::vector<std::string> distinct(const std::vector<Outcome>& outcomes, std::string Outcome::*field) {
  std::vector<std::string> out;
  for (const Outcome& one : outcomes)
    if (std::ranges::find(out, one.*field) == out.end()) out.push_back(one.*field);
  return out;
}

using Outcomes = std::vector<const Outcome*>;

template <typename Keep>
Outcomes select(const std::vector<Outcome>& outcomes, Keep keep) {
  Outcomes out;
  for (const Outcome& one : outcomes)
    if (keep(one)) out.push_back(&one);
  return out;
}

// A value a seed for each problem.
template <typename Value>
std::vector<std::vector<double>> by_problem(const Outcomes& outcomes, Value value) {
  std::vector<std::string> names;
  std::vector<std::vector<double>> out;
  for (const Outcome* one : outcomes) {
    const auto at = std::ranges::find(names, one->problem) - names.begin();
    if (at == std::ssize(names)) {
      names.push_back(one->problem);
      out.emplace_back();
    }
    out[static_cast<std::size_t>(at)].push_back(value(*one));
  }
  return out;
}

std::vector<std::vector<double>> regrets(const Outcomes& outcomes, std::size_t checkpoint) {
  return by_problem(outcomes, [=](const Outcome& one) { return one.regret[checkpoint]; });
}

// Whether all runs are so long.
bool reached(const Outcomes& outcomes, std::size_t checkpoint) {
  return std::ranges::none_of(outcomes, [=](const Outcome* one) { return std::isnan(one->regret[checkpoint]); });
}

double late_milliseconds(const Outcomes& outcomes) {
  std::vector<double> costs;
  for (const Outcome* one : outcomes) costs.push_back(1e3 * ask_cost(one->run).late_mean);
  return mean(costs);
}

std::string problem_table(const std::vector<Outcome>& outcomes) {
  const std::vector<std::string> methods = distinct(outcomes, &Outcome::method);
  std::string out = fmt::format("{:16}", "problem");
  for (const std::string& method : methods) out += fmt::format(" | {:6}  @20    @40    @60  ms/ask", method);
  out += '\n';
  for (const std::string& problem : distinct(outcomes, &Outcome::problem)) {
    out += fmt::format("{:16}", problem);
    for (const std::string& method : methods) {
      const Outcomes runs =
          select(outcomes, [&](const Outcome& one) { return one.problem == problem && one.method == method; });
      out += fmt::format(" | {:{}}", "", std::max<std::size_t>(method.size(), 6) - 2);  // below the head
      for (std::size_t i = 0; i < kCheckpoints.size(); ++i) {
        const bool known = !runs.empty() && reached(runs, i);
        out += known ? fmt::format("  {:5.3f}", mean(regrets(runs, i)[0])) : fmt::format("  {:>5}", "-");
      }
      out += runs.empty() ? fmt::format("  {:>6}", "-") : fmt::format("  {:6.2f}", late_milliseconds(runs));
    }
    out += '\n';
  }
  return out;
}

// The problem of the greatest mean regret at a checkpoint.
std::string worst_problem(const Outcomes& runs, std::size_t checkpoint) {
  double worst = -1;
  std::string name;
  for (const Outcome* one : runs) {
    std::vector<double> same;
    for (const Outcome* other : runs)
      if (other->problem == one->problem) same.push_back(other->regret[checkpoint]);
    const double regret = mean(same);
    if (regret > worst) {
      worst = regret;
      name = one->problem;
    }
  }
  return fmt::format("  worst {} {:.3f}", name, worst);
}

std::string crash_note(const Outcomes& runs) {
  std::vector<double> crashed;
  std::vector<std::string> safe;
  for (const Outcome* one : runs) {
    if (one->run.crashed) crashed.push_back(*one->run.crashed);
    if (one->run.nothing_can_fail && std::ranges::find(safe, one->problem) == safe.end()) safe.push_back(one->problem);
  }
  std::string out;
  if (!crashed.empty()) out += fmt::format("  crashed {:.3f}", mean(crashed));
  if (!safe.empty()) out += fmt::format("  nothing can fail in runs of {}", fmt::join(safe, ", "));
  return out;
}

// `problems`: how many the group has.
std::string method_line(const std::string& method, const Outcomes& runs, std::size_t problems) {
  const std::size_t own = by_problem(runs, [](const Outcome&) { return 0.0; }).size();
  std::string out = fmt::format("{:22}", own == problems ? method : fmt::format("{}, {} of {}", method, own, problems));
  std::optional<std::size_t> last;
  for (std::size_t i = 0; i < kCheckpoints.size(); ++i) {
    if (!reached(runs, i)) {
      out += fmt::format("  {:>5}               ", "-");
      continue;
    }
    const Estimate estimate = bootstrap(regrets(runs, i));
    out += fmt::format("  {:5.3f} [{:5.3f}, {:5.3f}]", estimate.mean, estimate.low, estimate.high);
    last = i;
  }
  out += fmt::format("  {:6.2f} ms/ask", late_milliseconds(runs));
  if (last) out += worst_problem(runs, *last);
  return out + crash_note(runs) + '\n';
}

// Peers over the same problems.
std::string peer_lines(const std::vector<std::string>& problems) {
  std::map<std::string, std::vector<Regrets>> peers;
  for (const std::string& problem : problems) {
    const Recorded* known = recorded(problem);
    if (known == nullptr) return "";
    for (const auto& [peer, regret] : known->peers) peers[peer].push_back(regret);
  }
  std::string out;
  for (const auto& [peer, rows] : peers) {
    out += fmt::format("{:22}", peer);
    for (std::size_t i = 0; i < kCheckpoints.size(); ++i) {
      std::vector<double> values;
      for (const Regrets& row : rows) values.push_back(row[i]);
      out += fmt::format("  {:5.3f}               ", mean(values));
    }
    out += '\n';
  }
  return out;
}

}  // namespace

Regrets normalized_regret(const Run& run, double optimum, const std::vector<double>& random_median) {
  Regrets out{};
  for (std::size_t i = 0; i < kCheckpoints.size(); ++i) {
    const std::size_t at = kCheckpoints[i] - 1;
    if (at >= run.best.size()) {
      out[i] = std::numeric_limits<double>::quiet_NaN();
      continue;
    }
    const double over = run.best[at] - optimum;
    // Without the test 0/0, where random search has found the optimum too.
    out[i] = over <= 0 ? 0 : std::clamp(over / (random_median[at] - optimum), 0.0, 2.0);
  }
  return out;
}

AskCost ask_cost(const Run& run) {
  const std::vector<double>& seconds = run.ask_seconds;
  const std::size_t late = std::min<std::size_t>(seconds.size(), 20);
  return {quantile(seconds, 0.5), quantile(seconds, 0.95), mean(seconds),
          mean({seconds.end() - static_cast<std::ptrdiff_t>(late), seconds.end()})};
}

Estimate bootstrap(const std::vector<std::vector<double>>& by_problem) {
  constexpr int kResamples = 2000;
  Rng rng(1);
  std::vector<double> means;
  for (int i = 0; i < kResamples; ++i) {
    double sum = 0;
    for (std::size_t p = 0; p < by_problem.size(); ++p) {
      const std::vector<double>& seeds = by_problem[rng.below(by_problem.size())];
      double of_seeds = 0;
      for (std::size_t s = 0; s < seeds.size(); ++s) of_seeds += seeds[rng.below(seeds.size())];
      sum += of_seeds / static_cast<double>(seeds.size());
    }
    means.push_back(sum / static_cast<double>(by_problem.size()));
  }
  double sum = 0;
  for (const std::vector<double>& seeds : by_problem) sum += mean(seeds);
  return {sum / static_cast<double>(by_problem.size()), quantile(means, 0.025), quantile(means, 0.975)};
}

std::string table(const std::vector<Outcome>& outcomes, const ReportOptions& options) {
  std::string out = problem_table(outcomes);
  for (const std::string& group : distinct(outcomes, &Outcome::group)) {
    const auto in_group = [&](const Outcome& one) { return one.group == group; };
    std::vector<std::string> problems;
    for (const std::vector<Outcome>& all = outcomes; const std::string& name : distinct(all, &Outcome::problem))
      if (std::ranges::any_of(all, [&](const Outcome& one) { return in_group(one) && one.problem == name; }))
        problems.push_back(name);
    out += fmt::format("\n{:22}  {:20}  {:20}  {}\n", fmt::format("{}, {} problems", group, problems.size()), "@20",
                       "@40", "@60, 95 % intervals");
    for (const std::string& method : distinct(outcomes, &Outcome::method)) {
      const Outcomes runs = select(outcomes, [&](const Outcome& one) { return in_group(one) && one.method == method; });
      if (!runs.empty()) out += method_line(method, runs, problems.size());
    }
    if (options.peers) out += peer_lines(problems);
  }
  return out;
}

OrderedJson to_json(const std::vector<Outcome>& outcomes) {
  OrderedJson runs = OrderedJson::array();
  for (const Outcome& one : outcomes) {
    const AskCost cost = ask_cost(one.run);
    OrderedJson json{{"problem", one.problem}, {"group", one.group}, {"method", one.method}, {"seed", one.seed}};
    json["regret"] = OrderedJson::object();
    for (std::size_t i = 0; i < kCheckpoints.size(); ++i)
      if (!std::isnan(one.regret[i])) json["regret"][std::to_string(kCheckpoints[i])] = one.regret[i];
    json["ask_cpu_seconds"] = {
        {"median", cost.median}, {"p95", cost.p95}, {"mean", cost.mean}, {"late_mean", cost.late_mean}};
    if (one.run.crashed) json["crashed"] = *one.run.crashed;
    if (one.run.nothing_can_fail) json["nothing_can_fail"] = true;
    for (const double best : one.run.best) json["best"].push_back(OrderedJson(number_to_json(best)));
    runs.push_back(std::move(json));
  }
  return runs;
}

}  // namespace krige::bench
