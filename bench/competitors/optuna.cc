#include "bench/competitors/optuna.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

namespace krige::bench {
namespace {

constexpr const char* kPython = "/usr/bin/python3";  // Debian's packages are for its own
constexpr const char* kScript = KRIGE_BENCH_PEER_OPTUNA;
constexpr timeval kDeadline{120, 0};  // of an answer; one takes milliseconds, loading Optuna a second or two

Result<OrderedJson> describe(const tuner::Parameter& parameter) {
  OrderedJson out{{"name", parameter.name}, {"when", OrderedJson::array()}};
  for (const tuner::Condition& condition : parameter.when) {
    OrderedJson values = OrderedJson::array();
    for (const tuner::Value& value : condition.values) values.push_back(tuner::to_json(value));
    out["when"].push_back({{"parameter", condition.parameter}, {"values", std::move(values)}});
  }
  if (parameter.kind == tuner::ParameterKind::floating || parameter.kind == tuner::ParameterKind::integer) {
    if (parameter.scale == tuner::Scale::normal)
      return fail(ErrorCode::unsupported, "Optuna has no normal scale", "parameters." + parameter.name);
    out["type"] = parameter.kind == tuner::ParameterKind::floating ? "float" : "int";
    out["low"] = parameter.min;
    out["high"] = parameter.max;
    out["log"] = parameter.scale == tuner::Scale::log;
    if (parameter.step) out["step"] = *parameter.step;
    return out;
  }
  // It knows no order between values, and a fixed one is a choice of one.
  out["type"] = "categorical";
  out["values"] = OrderedJson::array();
  for (const tuner::Value& value : parameter.values) out["values"].push_back(tuner::to_json(value));
  return out;
}

class Optuna final : public Competitor {
 public:
  Optuna(OptunaProcess process, const tuner::Space& space, std::string method)
      : process_(std::move(process)), space_(space), method_(std::move(method)) {}

  Result<Proposal> ask(std::span<const tuner::Trial> /*history*/, TrialId next) override {
    KRIGE_CHECK(process_.send({{"ask", next}}));
    KRIGE_TRY(const OrderedJson reply, process_.receive());
    if (!reply.contains("params") || !reply.contains("cpu_seconds"))
      return fail(ErrorCode::process_failed, "optuna says " + reply.dump());
    KRIGE_TRY(const tuner::Params told, tuner::params_from_json(reply["params"]));
    Proposal out;
    KRIGE_TRY(out.suggestion.params, space_.check(told));
    out.suggestion.info.method = method_;
    out.cpu_seconds = reply["cpu_seconds"].get<double>();
    return out;
  }

  Status tell(const tuner::Trial& trial) override {
    OrderedJson message{{"tell", trial.id}, {"value", trial.value ? OrderedJson(*trial.value) : OrderedJson()}};
    if (!trial.values.empty()) message["value"] = OrderedJson::array();
    for (const auto& [name, value] : trial.values) message["value"].push_back(value);
    for (const tuner::ConstraintResult& one : trial.constraints) message["constraints"].push_back(one.value);
    return process_.send(message);
  }

 private:
  OptunaProcess process_;
  const tuner::Space& space_;
  std::string method_;
};

}  // namespace

Result<OptunaProcess> OptunaProcess::start() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fail_errno(errno, "cannot make a socket");
  UniqueFd ours(ends[0]), theirs(ends[1]);
  if (::setsockopt(ours.get(), SOL_SOCKET, SO_RCVTIMEO, &kDeadline, sizeof kDeadline) != 0)
    return fail_errno(errno, "cannot set a deadline");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
  const std::array<char*, 3> argv = {const_cast<char*>(kPython), const_cast<char*>(kScript), nullptr};
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, kPython, &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return fail(ErrorCode::unavailable, fmt::format("cannot start {}", kPython));
  OptunaProcess process(pid, std::move(ours));
  theirs.reset();  // so that its end is seen
  KRIGE_TRY(const OrderedJson ready, process.receive());
  if (!ready.contains("optuna"))
    return fail(ErrorCode::unavailable, fmt::format("Optuna (Debian's python3-optuna) is missing: {}", ready.dump()));
  return process;
}

OptunaProcess::~OptunaProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Status OptunaProcess::send(const OrderedJson& message) {
  const std::string line = message.dump() + '\n';
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t put = ::send(channel_.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(ErrorCode::process_failed, "optuna has ended");
    sent += static_cast<std::size_t>(put);
  }
  return {};
}

Result<OrderedJson> OptunaProcess::receive() {
  for (;;) {
    if (const std::size_t end = received_.find('\n'); end != std::string::npos) {
      const std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return parse_json(line);
    }
    std::array<char, 4096> buffer{};
    const ssize_t got = ::recv(channel_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return fail(ErrorCode::timeout, "optuna does not answer");
    if (got <= 0) return fail(ErrorCode::process_failed, "optuna has ended");
    received_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Result<std::unique_ptr<Competitor>> make_optuna(std::string_view sampler, const tuner::Space& space, std::uint64_t seed,
                                                const OptunaOutcomes& outcomes) {
  OrderedJson parameters = OrderedJson::array();
  for (const std::size_t i : space.topological_order()) {
    KRIGE_TRY(OrderedJson one, describe(space.parameters()[i]));
    parameters.push_back(std::move(one));
  }
  KRIGE_TRY(OptunaProcess process, OptunaProcess::start());
  KRIGE_CHECK(process.send({{"sampler", sampler},
                            {"seed", seed},
                            {"objectives", outcomes.objectives},
                            {"constraints", outcomes.constraints},
                            {"parameters", std::move(parameters)}}));
  return std::make_unique<Optuna>(std::move(process), space, fmt::format("optuna-{}", sampler));
}

}  // namespace krige::bench
