#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/remote.h"
#include "cli/terminal.h"
#include "cli/trial_text.h"

namespace krige::cli {
namespace {

constexpr std::chrono::seconds kLogPoll{1};

using Command = Result<int> (*)(Service& service, const OrderedJson& study, const RemoteOptions& options);

int run(const RemoteOptions& options, Command command) {
  Result<Service> service = Service::open(options.service);
  if (!service) return report(service.error());
  try {
    const Result<OrderedJson> study = find_study(*service, options.studies.front());
    if (!study) return report(study.error());
    const Result<int> code = command(*service, *study, options);
    return code ? *code : report(code.error());
  } catch (const nlohmann::json::exception& error) {
    return report(not_understood(error.what()));
  }
}

std::string trial_path(const OrderedJson& study, const RemoteOptions& options) {
  return fmt::format("{}/trials/{}", study_path(study), options.trial);
}

Result<int> list(Service& service, const OrderedJson& study, const RemoteOptions& options) {
  const std::string states = fmt::format("{}", fmt::join(options.states, ","));
  KRIGE_TRY(const std::vector<OrderedJson> trials,
            service.list(study_path(study) + "/trials" + (states.empty() ? "" : "?state=" + states), "trials",
                         options.limit > 0 ? static_cast<std::size_t>(options.limit) : SIZE_MAX));
  if (options.json) {
    print_line(dump({{"trials", trials}}));
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "STATE", "VALUE", "PARAMETERS"}};
  for (const OrderedJson& trial : trials)
    rows.push_back({trial.at("id").dump(), short_value(trial.at("state")),
                    describe_outcome(trial).empty() ? "-" : describe_outcome(trial),
                    describe_params(trial.at("params"))});
  print_line(text_table(rows));
  return 0;
}

void print_records(const OrderedJson& records) {
  std::vector<std::vector<std::string>> rows{{"STEP"}};
  std::vector<std::string> names;
  for (const OrderedJson& record : records)
    for (const auto& [name, value] : record.at("metrics").items())
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  rows.front().insert(rows.front().end(), names.begin(), names.end());
  for (const OrderedJson& record : records) {
    std::vector<std::string>& row = rows.emplace_back();
    row.push_back(record.at("step").dump());
    for (const std::string& name : names)
      row.push_back(record.at("metrics").contains(name) ? short_value(record.at("metrics").at(name)) : "-");
  }
  print_line(text_table(rows));
}

Result<int> show(Service& service, const OrderedJson& study, const RemoteOptions& options) {
  KRIGE_TRY(const OrderedJson trial, service.get(trial_path(study, options)));
  if (options.json) {
    print_line(dump(trial));
    return 0;
  }
  print_line(describe_trial(trial));
  for (const OrderedJson& attempt : trial.at("attempts")) {
    const std::string reason = attempt.value("reason", std::string());
    print_line(fmt::format("attempt {}  {}  by {}{}", attempt.at("id").dump(), short_value(attempt.at("state")),
                           short_value(attempt.at("worker")), reason.empty() ? "" : "  (" + reason + ")"));
  }
  if (const OrderedJson records = trial.value("records", OrderedJson::array()); !records.empty())
    print_records(records);
  return 0;
}

Result<int> retry(Service& service, const OrderedJson& study, const RemoteOptions& options) {
  KRIGE_TRY(const OrderedJson trial, service.post(trial_path(study, options) + ":retry", OrderedJson::object()));
  print_line(options.json ? dump(trial) : describe_trial(trial));
  return 0;
}

Result<int> stop(Service& service, const OrderedJson& study, const RemoteOptions& options) {
  KRIGE_TRY(const OrderedJson trial, service.post(trial_path(study, options) + ":stop", OrderedJson::object()));
  print_line(options.json ? dump(trial) : describe_trial(trial));
  return 0;
}

Result<int> logs(Service& service, const OrderedJson& study, const RemoteOptions& options) {
  KRIGE_TRY(OrderedJson trial, service.get(trial_path(study, options)));
  const OrderedJson attempts = trial.at("attempts");
  if (attempts.empty()) return fail(ErrorCode::not_found, "the trial has had no attempt yet");
  const std::int64_t attempt = options.attempt > 0 ? options.attempt : attempts.back().at("id").get<std::int64_t>();
  const std::string path = fmt::format("{}/attempts/{}/logs", trial_path(study, options), attempt);
  KRIGE_TRY(Service::Log log, service.log(path));
  fmt::print("{}", log.text);
  while (options.follow && !trial.at("ended_at").is_string()) {
    std::fflush(stdout);
    std::this_thread::sleep_for(kLogPoll);
    // What was written until the trial ended is read after that was seen.
    KRIGE_TRY(trial, service.get(trial_path(study, options)));
    KRIGE_TRY(log, service.log(fmt::format("{}?offset={}", path, log.next)));
    fmt::print("{}", log.text);
  }
  return 0;
}

}  // namespace

int trial_list(const RemoteOptions& options) { return run(options, list); }
int trial_show(const RemoteOptions& options) { return run(options, show); }
int trial_retry(const RemoteOptions& options) { return run(options, retry); }
int trial_stop(const RemoteOptions& options) { return run(options, stop); }
int trial_logs(const RemoteOptions& options) { return run(options, logs); }

}  // namespace krige::cli
