// krige-trainer: the coordinator of a training and, started by it, its members.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <map>
#include <span>

#include "base/fd.h"
#include "base/log.h"
#include "base/supervisor.h"
#include "trainer/coordinator/coordinator.h"
#include "trainer/floats.h"
#include "trainer/instruction_set.h"
#include "trainer/job_text.h"
#include "trainer/predict/predict.h"
#include "trainer/shard/shard.h"
#include "trainer/worker/worker.h"

namespace {

using namespace krige;
using namespace krige::trainer;

constexpr std::size_t kMaxJobBytes = 1 << 20;
constexpr int kPausedExitCode = 75;  // EX_TEMPFAIL of sysexits.h: try again later
constexpr const char* kUsage =
    "usage: krige-trainer coordinator --job FILE|- [--model OUT] [--transport HOW] [--timeout SECONDS] [--trace]\n"
    "Trains the job of FILE (JSON), writes one record an epoch to standard output (JSON lines).\n"
    "  --model OUT     writes the final model to OUT\n"
    "  --checkpoint F  writes to F what a training needs to go on, every epoch or every --checkpoint-every N epochs\n"
    "  --resume        goes on from the checkpoint, if there is one\n"
    "  --pause-after E pauses when E epochs are done in all, unless the job ends before\n"
    "  --transport     how the processes talk: shm (shared memory), unix or tcp sockets; before the job's\n"
    "  --timeout S     a process without a sign of life for S seconds (default 30) ends the training\n"
    "  --cluster F     writes what each process does to F, anew every second and at the end\n"
    "  --straggler S   the last worker takes S seconds longer over each minibatch, to compare modes\n"
    "  --trace         logs each read of weights with its clocks to standard error\n"
    "SIGUSR1 pauses a training with a checkpoint: it is written, and the exit code is 75.\n"
    "\n"
    "       krige-trainer predict --model MODEL --data FILE [--output FILE] [--probabilities] [--json]\n"
    "Writes one line a row of FILE: the value or the class that the model predicts.\n"
    "       krige-trainer evaluate --model MODEL --data FILE [--json]\n"
    "Writes the model's loss and its accuracy or root mean squared error on the rows of FILE.\n";

// --name value pairs, and --name alone for the flags.
Result<std::map<std::string, std::string>> parse_options(std::span<char*> arguments,
                                                         const std::vector<std::string>& known,
                                                         const std::vector<std::string>& flags) {
  std::map<std::string, std::string> options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string name = arguments[i];
    if (std::ranges::find(flags, name) != flags.end()) {
      options[name] = "";
    } else if (std::ranges::find(known, name) == known.end()) {
      return fail(ErrorCode::invalid_argument, fmt::format("unknown option {}", name));
    } else if (++i == arguments.size()) {
      return fail(ErrorCode::invalid_argument, fmt::format("{} needs a value", name));
    } else {
      options[name] = arguments[i];
    }
  }
  return options;
}

template <typename T>
Result<T> parse_number(std::string_view option, std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= 0) return value;
  return fail(ErrorCode::invalid_argument, fmt::format("{} needs a number, is {}", option, text));
}

Result<std::vector<int>> parse_descriptors(std::string_view option, std::string_view list) {
  std::vector<int> descriptors;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    KRIGE_TRY(const int descriptor, parse_number<int>(option, list.substr(at, end - at)));
    descriptors.push_back(descriptor);
    at = end + 1;
  }
  return descriptors;
}

Result<Transport> parse_transport(std::string_view text) {
  if (text == "shm") return Transport::shared_memory;
  if (text == "unix") return Transport::unix_sockets;
  if (text == "tcp") return Transport::tcp;
  return fail(ErrorCode::invalid_argument, fmt::format("--transport is shm, unix or tcp, not {}", text));
}

Result<std::string> read_standard_input() {
  std::string content;
  char buffer[1 << 14];
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "cannot read standard input");
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > kMaxJobBytes) return fail(ErrorCode::payload_too_large, "the job is too long");
  }
}

Result<CheckpointOptions> checkpoint_options(std::map<std::string, std::string>& options) {
  CheckpointOptions checkpoint;
  checkpoint.path = options["--checkpoint"];
  checkpoint.resume = options.contains("--resume");
  if (checkpoint.path.empty() &&
      (checkpoint.resume || options.contains("--checkpoint-every") || options.contains("--pause-after")))
    return fail(ErrorCode::invalid_argument, "--checkpoint is missing");
  const auto epochs = [&](const char* option, std::int64_t& into) -> Status {
    if (!options.contains(option)) return {};
    KRIGE_TRY(into, parse_number<std::int64_t>(option, options[option]));
    if (into >= 1 && into <= 1'000'000'000) return {};
    return fail(ErrorCode::invalid_argument, fmt::format("{} is from 1 to 1000000000", option));
  };
  KRIGE_CHECK(epochs("--checkpoint-every", checkpoint.every));
  if (options.contains("--pause-after")) KRIGE_CHECK(epochs("--pause-after", checkpoint.pause_after.emplace()));
  return checkpoint;
}

Result<Ending> coordinate(std::span<char*> arguments) {
  KRIGE_TRY(auto options, parse_options(arguments,
                                        {"--job", "--model", "--transport", "--timeout", "--checkpoint",
                                         "--checkpoint-every", "--pause-after", "--straggler", "--cluster"},
                                        {"--trace", "--resume"}));
  if (!options.contains("--job")) return fail(ErrorCode::invalid_argument, "--job is missing");
  CoordinatorOptions run;
  run.model_path = options["--model"];
  run.cluster_path = options["--cluster"];
  KRIGE_TRY(run.checkpoint, checkpoint_options(options));
  run.crew.trace = options.contains("--trace");
  if (options.contains("--transport")) {
    KRIGE_TRY(run.transport, parse_transport(options["--transport"]));
  }
  if (options.contains("--timeout")) {
    KRIGE_TRY(const double seconds, parse_number<double>("--timeout", options["--timeout"]));
    if (!(seconds >= 0.1 && seconds <= 1e6)) return fail(ErrorCode::invalid_argument, "--timeout is from 0.1 to 1e6");
    run.crew.timeout = Millis(static_cast<std::int64_t>(seconds * 1000));
  }
  if (options.contains("--straggler")) {
    KRIGE_TRY(const double seconds, parse_number<double>("--straggler", options["--straggler"]));
    // Below the time after which a silent process is taken for dead.
    if (!(seconds <= 1)) return fail(ErrorCode::invalid_argument, "--straggler is at most 1 second");
    run.crew.straggler = Millis(static_cast<std::int64_t>(seconds * 1000));
  }
  KRIGE_TRY(const std::string text,
            options["--job"] == "-" ? read_standard_input() : read_file(options["--job"], kMaxJobBytes));
  KRIGE_TRY(const TrainJob job, parse_job_text(text));
  return run_training(job, run);
}

// Options of a role that works with a model and a file.
Result<std::map<std::string, std::string>> model_options(std::span<char*> arguments, std::vector<std::string> known,
                                                         const std::vector<std::string>& flags) {
  known.insert(known.end(), {"--model", "--data"});
  KRIGE_TRY(auto options, parse_options(arguments, known, flags));
  for (const char* name : {"--model", "--data"})
    if (!options.contains(name)) return fail(ErrorCode::invalid_argument, fmt::format("{} is missing", name));
  return options;
}

Status predict_rows(std::span<char*> arguments) {
  KRIGE_TRY(auto options, model_options(arguments, {"--output"}, {"--probabilities", "--json"}));
  KRIGE_TRY(const ModelFile model, read_model(options["--model"]));
  UniqueFd file;
  const auto write = [&](std::string_view lines) -> Status {
    const std::string& path = options["--output"];
    // Opened only now: what cannot be predicted leaves an older file as it is.
    if (!path.empty() && !file) {
      file = UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
      if (!file) return fail_errno(errno, fmt::format("cannot create {}", path));
    }
    return write_all(file ? file.get() : STDOUT_FILENO, lines);
  };
  return predict(model, options["--data"], {options.contains("--probabilities"), options.contains("--json")}, write);
}

Status evaluate_rows(std::span<char*> arguments) {
  KRIGE_TRY(auto options, model_options(arguments, {}, {"--json"}));
  KRIGE_TRY(const ModelFile model, read_model(options["--model"]));
  KRIGE_TRY(const Measure measure, evaluate(model, options["--data"]));
  return write_all(STDOUT_FILENO, (options.contains("--json") ? to_json_text(measure) : to_text(measure)) + "\n");
}

Status serve_as_member(std::string_view role, std::span<char*> arguments) {
  KRIGE_TRY(
      auto options,
      parse_options(arguments, {"--control", "--links", "--memories", "--job-id", "--heartbeat-ms", "--straggle-ms"},
                    {"--trace"}));
  MemberArguments member;
  KRIGE_TRY(member.control, parse_number<int>("--control", options["--control"]));
  KRIGE_TRY(member.job_id, parse_number<std::uint64_t>("--job-id", options["--job-id"]));
  KRIGE_TRY(const std::int64_t heartbeat, parse_number<std::int64_t>("--heartbeat-ms", options["--heartbeat-ms"]));
  member.heartbeat = Millis(heartbeat);
  if (options.contains("--straggle-ms")) {
    KRIGE_TRY(const std::int64_t straggle, parse_number<std::int64_t>("--straggle-ms", options["--straggle-ms"]));
    member.straggle = Millis(straggle);
  }
  KRIGE_TRY(member.links, parse_descriptors("--links", options["--links"]));
  KRIGE_TRY(member.memories, parse_descriptors("--memories", options["--memories"]));
  if (!member.memories.empty() && member.memories.size() != member.links.size())
    return fail(ErrorCode::invalid_argument, "--memories are not as many as --links");
  return role == "shard" ? run_shard(member, {options.contains("--trace")}) : run_worker(member);
}

}  // namespace

int main(int argc, char** argv) {
  // Not a part of training, but the program that is small enough to be started beside every attempt.
  if (argc > 1 && std::string_view(argv[1]) == "supervise") return supervisor_main({argv + 1, argv + argc});
  // A reader that has gone is an error of the write.
  ::signal(SIGPIPE, SIG_IGN);
  const std::string_view role = argc > 1 ? argv[1] : "";
  const std::span<char*> arguments(argv + std::min(argc, 2), argv + argc);
  flush_denormals();  // in all processes of a training alike
  // Members are started as /proc/self/exe, which is what a list of processes would show.
  if (const std::string shown = fmt::format("krige-{}", role); role == "shard" || role == "worker")
    ::prctl(PR_SET_NAME, shown.c_str());
  if (role == "shard" || role == "worker") {
    // The coordinator has heard why, and is the one that tells.
    return serve_as_member(role, arguments) ? 0 : 1;
  }
  if (role == "predict" || role == "evaluate") {
    const Status done = role == "predict" ? predict_rows(arguments) : evaluate_rows(arguments);
    if (!done) log::error(done.error().describe());
    return done ? 0 : exit_code(done.error().code);
  }
  if (role == "--help") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (role == "--version") {
    fmt::print("krige-trainer {} ({})\n", KRIGE_VERSION, instruction_set());
    return 0;
  }
  if (role != "coordinator") {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const Result<Ending> done = coordinate(arguments);
  if (done) return *done == Ending::finished ? 0 : kPausedExitCode;
  log::error(done.error().describe());
  return exit_code(done.error().code);
}
