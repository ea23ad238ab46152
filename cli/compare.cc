#include "cli/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/train_job.h"
#include "cli/terminal.h"
#include "cli/training.h"

namespace krige::cli {
namespace {

constexpr int kPlotWidth = 64;
constexpr int kPlotHeight = 14;
constexpr std::size_t kTableRows = 10;
constexpr std::array<std::string_view, 4> kModes{"bsp", "ssp", "asp", "mapreduce"};

OrderedJson job_in_mode(OrderedJson job, std::string_view mode) {
  const bool driver = mode == "mapreduce";
  const bool was_driver = job.value("mode", "bsp") == "mapreduce";
  job["mode"] = mode;
  job["evaluate_train"] = true;  // what is compared
  if (mode != "ssp" && mode != "asp") job.erase("local_steps");
  // A mode that lacks the optimizer takes its own, with the rates that belong to it.
  if (driver != was_driver && job.value("optimizer", "sgd") != "sgd")
    for (const char* field : {"optimizer", "learning_rate", "schedule", "warmup_steps", "schedule_decay"})
      job.erase(field);
  return job;
}

double number(const OrderedJson& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_number() ? found->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

struct ModeRun {
  std::string mode;
  std::string optimizer;
  std::vector<OrderedJson> records;
  [[nodiscard]] double share(const char* name) const {
    const OrderedJson& last = records.back();
    const double total = number(last, "compute_seconds") + number(last, "wait_seconds");
    return total > 0 ? number(last, name) / total : 0;
  }
};

OrderedJson to_json(const ModeRun& run) {
  return {{"mode", run.mode},
          {"optimizer", run.optimizer},
          {"compute_share", run.share("compute_seconds")},
          {"wait_share", run.share("wait_seconds")},
          {"wire_bytes", run.records.back().value("wire_bytes", std::uint64_t{0})},
          {"records", run.records}};
}

void print_table(const ModeRun& run) {
  const OrderedJson& last = run.records.back();
  print_line(fmt::format("{} ({}): compute {:.0f} %, wait {:.0f} %, {:.1f} MB moved ({:.1f} MB by sockets)", run.mode,
                         run.optimizer, 100 * run.share("compute_seconds"), 100 * run.share("wait_seconds"),
                         number(last, "wire_bytes") / 1e6, number(last, "socket_bytes") / 1e6));
  print_line("   epoch    seconds   train_loss");
  const std::size_t every = (run.records.size() + kTableRows - 1) / kTableRows;
  for (std::size_t i = 0; i < run.records.size(); ++i)
    if ((i + 1) % every == 0 || i == 0 || i + 1 == run.records.size())
      print_line(fmt::format("{:>8.0f} {:>10.3f} {:>12.6f}", number(run.records[i], "epoch"),
                             number(run.records[i], "elapsed_seconds"), number(run.records[i], "train_loss")));
  print_line("");
}

void print_plots(const std::vector<ModeRun>& runs) {
  constexpr std::string_view kMarks = "bsam";
  std::vector<Curve> over_time;
  std::vector<Curve> over_passes;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    over_time.push_back({kMarks[i], {}});
    over_passes.push_back({kMarks[i], {}});
    for (const OrderedJson& record : runs[i].records) {
      over_time.back().points.emplace_back(number(record, "elapsed_seconds"), number(record, "train_loss"));
      // Of each row once an epoch; an iteration of mapreduce takes one evaluation or a few.
      over_passes.back().points.emplace_back(number(record, "epoch"), number(record, "train_loss"));
    }
  }
  // Up to the second record of the worst mode of minibatches: the first losses would leave the rest one flat line.
  double limit = -std::numeric_limits<double>::infinity();
  for (const ModeRun& run : runs)
    if (run.mode != "mapreduce")
      limit = std::max(limit, number(run.records[run.records.size() > 1 ? 1 : 0], "train_loss"));
  print_line("b bsp, s ssp, a asp, m mapreduce\n");
  print_line(plot(over_time, limit, "seconds", "train_loss"));
  print_line(plot(over_passes, limit, "epochs", "train_loss"));
}

}  // namespace

std::string plot(const std::vector<Curve>& curves, double limit, const std::string& x_name, const std::string& y_name) {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  double left = kFar, right = -kFar, bottom = kFar, top = -kFar;
  const auto shown = [&](const auto& point) {
    return std::isfinite(point.first) && std::isfinite(point.second) && point.second <= limit;
  };
  for (const Curve& curve : curves)
    for (const auto& point : curve.points) {
      if (!shown(point)) continue;
      left = std::min(left, point.first);
      right = std::max(right, point.first);
      bottom = std::min(bottom, point.second);
      top = std::max(top, point.second);
    }
  if (left > right) return "no points\n";
  const auto place = [](double value, double from, double to, int cells) {
    return to > from ? static_cast<std::size_t>(std::lround((value - from) / (to - from) * (cells - 1))) : 0U;
  };
  std::vector<std::string> lines(kPlotHeight, std::string(kPlotWidth, ' '));
  for (const Curve& curve : curves)
    for (const auto& point : curve.points)
      if (shown(point))
        lines[kPlotHeight - 1 - place(point.second, bottom, top, kPlotHeight)]
             [place(point.first, left, right, kPlotWidth)] = curve.mark;
  std::string text = fmt::format("{:>10}\n", y_name);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool labelled = i == 0 || i + 1 == lines.size();
    text += fmt::format("{:>10} |{}\n", labelled ? short_number(i == 0 ? top : bottom) : "",
                        lines[i].substr(0, lines[i].find_last_not_of(' ') + 1));
  }
  text += fmt::format("{:>10} +{}\n", "", std::string(kPlotWidth, '-'));
  return text + fmt::format("{:>10}  {:<{}}{:>{}}\n", "", short_number(left), kPlotWidth / 2,
                            fmt::format("{} {}", short_number(right), x_name), kPlotWidth / 2);
}

int compare_modes(const OrderedJson& job, const std::vector<std::string>& arguments, bool json,
                  const InterruptWatch& interrupt) {
  std::vector<ModeRun> runs;
  for (const std::string_view mode : kModes) {
    const Result<TrainJob> parsed = parse_train_job(job_in_mode(job, mode));
    if (!parsed) return report(parsed.error(), mode);
    ModeRun run{std::string(mode), std::string(name(parsed->optimizer)), {}};
    note(fmt::format("krige: {} …", mode));
    const auto take = [&](std::string_view line) {
      if (Result<OrderedJson> record = parse_json(line)) run.records.push_back(*std::move(record));
    };
    const auto outcome = run_training(krige::to_json(*parsed), arguments, take, interrupt);
    if (!outcome) return report(outcome.error());
    if (!*outcome) {
      note("krige: interrupted");
      return 130;
    }
    if (const int code = explain(**outcome); code != 0) return code;
    if (run.records.empty()) return report(Error{ErrorCode::internal, "a training without records", {}, {}}, mode);
    runs.push_back(std::move(run));
  }
  if (json) {
    OrderedJson document;
    for (const ModeRun& run : runs) document["modes"].push_back(to_json(run));
    print_line(document.dump());
    return 0;
  }
  for (const ModeRun& run : runs) print_table(run);
  print_plots(runs);
  return 0;
}

}  // namespace krige::cli
