#include "tuner/study/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "tuner/study/codec.h"
#include "tuner/study/events.h"
#include "tuner/study/reports.h"
#include "tuner/study/study_runner.h"

namespace krige::tuner {
namespace {

constexpr Millis kDrainTime = std::chrono::seconds(15);

using RunnerPtr = std::shared_ptr<StudyRunner>;  // shared: a request may still wait on a study that is being deleted

}  // namespace

struct Engine::Impl {
  std::unique_ptr<Storage> storage;
  EngineOptions options;

  mutable std::mutex mutex;
  mutable std::condition_variable_any changed;
  // Below: guarded by mutex.
  std::map<StudyId, RunnerPtr> runners;
  std::uint64_t change = 0;  // counts changes of all studies
  std::map<StudyId, std::uint64_t> last_change;
  std::vector<std::pair<std::uint64_t, StudyId>> deleted;
  bool down = false;

  std::unique_ptr<Executor> executor;  // after the runners: its callbacks end with it, before them

  ~Impl() {
    executor.reset();
    runners.clear();
  }

  [[nodiscard]] Result<RunnerPtr> find(const StudyId& id) const {
    const std::lock_guard lock(mutex);
    const auto found = runners.find(id);
    if (found == runners.end()) return fail(ErrorCode::not_found, fmt::format("there is no study {}", id));
    return found->second;
  }

  void note_change(const StudyId& id) {
    const std::lock_guard lock(mutex);
    last_change[id] = ++change;
    changed.notify_all();
  }

  StudyRunner::Services services() {
    return {storage.get(), executor.get(), &options, [this](const StudyId& id) { note_change(id); }};
  }

  // One that cannot be read is like none: it is made again. What it was made from is all there.
  [[nodiscard]] Result<std::optional<SurrogateFit>> latest_fit(const StudyRow& row) const {
    KRIGE_TRY(const std::optional<Event> event, storage->last_event(row.id, kSurrogateFitted));
    if (!event) return std::nullopt;
    const Result<SurrogateFit> fit = surrogate_fit_from_text(event->data);
    if (fit) return *fit;
    log::warning(fmt::format("study {}: the fit of event {} cannot be read and is made again: {}", row.id, event->seq,
                             fit.error().describe()));
    return std::nullopt;
  }

  Status load(const StudyRow& row) {
    StudyRow owned = row;
    const auto read = [&]() -> Result<StudySpec> {
      KRIGE_TRY(const OrderedJson json, parse_json(row.spec));
      return parse_study(json);
    };
    Result<StudySpec> spec = read();
    if (!spec)
      return fail(ErrorCode::corrupt, fmt::format("the study file of study {} in the store is not one: {}", row.id,
                                                  spec.error().describe()));
    KRIGE_TRY(owned.epoch, storage->take_over(row.id));
    KRIGE_TRY(std::vector<Trial> trials, storage->trials(row.id));
    for (std::size_t i = 0; i < trials.size(); ++i)
      if (trials[i].id != static_cast<TrialId>(i) + 1)
        return fail(ErrorCode::corrupt, fmt::format("study {} has no trial {}", row.id, i + 1));
    std::optional<SurrogateFit> fit;
    // The other methods learn nothing, and to find no event takes a look at all of them.
    if (spec->method == Method::gp && !is_final(row.state)) {
      KRIGE_TRY(fit, latest_fit(row));
    }
    add_runner(std::move(*spec), std::move(owned), std::move(trials), std::move(fit));
    return {};
  }

  // A runner starts attempts at once, and one that ends at once is told of through find(): under the lock, so that
  // find() waits until the runner is there, or the end would be lost and the study never finish.
  RunnerPtr add_runner(StudySpec spec, StudyRow row, std::vector<Trial> trials, std::optional<SurrogateFit> fit) {
    const std::lock_guard lock(mutex);
    const StudyId id = row.id;
    auto runner =
        std::make_shared<StudyRunner>(services(), std::move(spec), std::move(row), std::move(trials), std::move(fit));
    runners.emplace(id, runner);
    return runner;
  }

  void listen() {
    if (!executor) return;
    const auto to_runner = [this](const AttemptKey& key, const auto& deliver) {
      if (const Result<RunnerPtr> runner = find(key.study)) deliver(**runner);
    };
    executor->set_callbacks({.on_line =
                                 [to_runner](const AttemptKey& key, std::string_view line) {
                                   to_runner(key, [&](StudyRunner& runner) { runner.on_line(key, line); });
                                 },
                             .on_exit =
                                 [to_runner](const AttemptKey& key, const Outcome& outcome) {
                                   to_runner(key, [&](StudyRunner& runner) { runner.on_exit(key, outcome); });
                                 }});
  }
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Engine::~Engine() {
  shut_down();
  if (!impl_->options.forget_trainings) return;
  std::error_code error;
  std::filesystem::remove_all(impl_->options.training_folder, error);
}

Result<std::unique_ptr<Engine>> Engine::open(std::unique_ptr<Storage> storage, std::unique_ptr<Executor> executor,
                                             EngineOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->storage = std::move(storage);
  impl->options = std::move(options);
  impl->executor = std::move(executor);
  impl->listen();
  if (impl->executor) {
    KRIGE_TRY(const int killed, impl->executor->kill_leftovers());
    if (killed > 0) log::warning(fmt::format("killed {} processes that an earlier server had left running", killed));
  }
  KRIGE_TRY(const std::vector<StudyRow> rows, impl->storage->studies());
  std::vector<StudyId> known;
  for (const StudyRow& row : rows) known.push_back(row.id);
  forget_trainings_of_others(impl->options.training_folder, known);
  for (const StudyRow& row : rows) KRIGE_CHECK(impl->load(row));
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

void Engine::shut_down(Drain how) {
  std::vector<RunnerPtr> runners;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->down = true;
    for (const auto& [id, runner] : impl_->runners) runners.push_back(runner);
    impl_->changed.notify_all();
  }
  const MonotonicTime deadline = std::chrono::steady_clock::now() + kDrainTime;
  for (const RunnerPtr& runner : runners) runner->drain(how);
  for (const RunnerPtr& runner : runners) runner->wait_drained(deadline);
  for (const RunnerPtr& runner : runners) runner->retire();
}

Result<StudyView> Engine::create_study(const StudySpec& spec, const AnswerOf<StudyView>& answer) {
  // Without an executor it only keeps studies, for somebody else to run.
  if (spec.train && impl_->executor && impl_->options.trainer.empty())
    return fail(ErrorCode::unsupported, "this server runs no trainings", "train");
  const EngineOptions& options = impl_->options;
  if (spec.early_terminate && spec.early_terminate->promote && options.training_folder.empty())
    return fail(ErrorCode::unsupported, "this server keeps no checkpoints", "early_terminate.promote");
  if (spec.keep_models > 0 && (options.training_folder.empty() || options.forget_trainings))
    return fail(ErrorCode::unsupported, "there is no store in which models could be kept", "keep_models");
  StudyRow row;
  row.id = random_id(16);
  row.name = spec.name;
  row.spec = dump(to_json(spec));
  row.created_at = impl_->options.clock->wall_now();
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->down) return fail(ErrorCode::unavailable, "the server is shutting down");
  }
  row.seq = 1;
  row.epoch = 1;
  const StudyView created{row, std::nullopt, {}};
  std::vector<KeptAnswer> answers;
  if (answer) answers.push_back(answer(created));
  KRIGE_CHECK(impl_->storage->create_study(row, {study_created(created)}, answers));
  impl_->add_runner(spec, row, {}, std::nullopt);
  impl_->note_change(row.id);
  return created;  // as the answer that is kept, whatever has happened since
}

std::vector<StudyView> Engine::studies() const {
  std::vector<RunnerPtr> runners;
  {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& [id, runner] : impl_->runners) runners.push_back(runner);
  }
  std::vector<StudyView> views;
  for (const RunnerPtr& runner : runners) views.push_back(runner->view());
  std::ranges::sort(views, [](const StudyView& a, const StudyView& b) {
    return a.row.created_at != b.row.created_at ? a.row.created_at > b.row.created_at : a.row.id < b.row.id;
  });
  return views;
}

Result<StudyView> Engine::study(const StudyId& id) const {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->view();
}

Status Engine::delete_study(const StudyId& id) {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  runner->drain(Drain::at_once);
  runner->wait_drained(std::chrono::steady_clock::now() + kDrainTime);
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->runners.erase(id) == 0) return fail(ErrorCode::not_found, fmt::format("there is no study {}", id));
    impl_->last_change.erase(id);
    impl_->deleted.emplace_back(++impl_->change, id);
    impl_->changed.notify_all();
  }
  runner->retire();
  runner->forget_files();
  return impl_->storage->delete_study(id);
}

Result<StudyView> Engine::update(const StudyId& id, const StudySpec& changed, const std::string& read_spec) {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->update(changed, read_spec);
}

Result<StudyView> Engine::pause(const StudyId& id) {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->pause();
}

Result<StudyView> Engine::resume(const StudyId& id) {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->resume();
}

Result<StudyView> Engine::stop(const StudyId& id) {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->stop();
}

Result<TrialPage> Engine::trials(const StudyId& id, const TrialQuery& query) const {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->trials(query);
}

Status Engine::look_at(const StudyId& id, const Look& look) const {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  runner->look_at(look);
  return {};
}

Result<std::vector<StopLimit>> Engine::stop_limits(const StudyId& id) const {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->stop_limits();
}

Result<TrialDetail> Engine::trial(const StudyId& id, TrialId trial) const {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  KRIGE_TRY(Trial found, runner->trial(trial));
  KRIGE_TRY(std::vector<Record> records, impl_->storage->records(id, trial));
  return TrialDetail{std::move(found), that_count(std::move(records), runner->promotes())};
}

Result<std::optional<SurrogateFit>> Engine::latest_fit(const StudyId& id) const {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return impl_->latest_fit(runner->view().row);
}

Result<Trial> Engine::add_trial(const StudyId& id, NewTrial trial, const AnswerOf<Trial>& answer) {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->add_trial(std::move(trial), answer);
}

Result<Trial> Engine::retry(const StudyId& id, TrialId trial, const AnswerOf<Trial>& answer) {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->retry(trial, answer);
}

Result<Trial> Engine::stop_trial(const StudyId& id, TrialId trial, const AnswerOf<Trial>& answer) {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->stop_trial(trial, answer);
}

Result<TrialPage> Engine::optimal(const StudyId& id) const {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->optimal();
}

Result<OlderStudy> Engine::as_older_study(const StudyId& id, std::size_t limit) const {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->as_older_study(limit);
}

Result<SuggestAnswer> Engine::suggest(const StudyId& id, int count, const std::string& client_id, Millis timeout) {
  if (count < 1 || count > 1000) return fail(ErrorCode::invalid_argument, "must be between 1 and 1000", "count");
  if (client_id.empty() || client_id.size() > 256)
    return fail(ErrorCode::invalid_argument, "must be a name of 1 to 256 bytes", "client_id");
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->suggest(count, client_id, timeout);
}

Result<Lease> Engine::report(const StudyId& id, TrialId trial, const std::optional<std::string>& token,
                             std::int64_t step, const std::vector<std::pair<std::string, double>>& metrics) {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->report(trial, token, step, metrics);
}

Result<Lease> Engine::heartbeat(const StudyId& id, TrialId trial, const std::optional<std::string>& token) {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->heartbeat(trial, token);
}

Result<Trial> Engine::complete(const StudyId& id, TrialId trial, const std::optional<std::string>& token,
                               const Completion& completion, const AnswerOf<Trial>& answer) {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->complete(trial, token, completion, answer);
}

Result<std::string> Engine::model_path(const StudyId& id, TrialId trial) const {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->model_path(trial);
}

Result<ClusterFile> Engine::cluster_file(const StudyId& id, TrialId trial) const {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->cluster_file(trial);
}

Result<std::vector<TrialId>> Engine::forget(const StudyId& id, const std::vector<TrialId>& trials,
                                            const Forgetting& what) {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  return runner->forget(trials, what);
}

const std::string& Engine::training_folder() const { return impl_->options.training_folder; }

Status Engine::keep_answer(const KeptAnswer& answer) { return impl_->storage->keep_answer(answer); }

Result<std::optional<KeptAnswer>> Engine::kept_answer(const std::string& key) const {
  return impl_->storage->kept_answer(key);
}

Result<std::vector<Event>> Engine::wait_events(const StudyId& id, std::uint64_t after, std::size_t limit,
                                               MonotonicTime deadline, const std::stop_token& stop) const {
  KRIGE_TRY(const RunnerPtr runner, impl_->find(id));
  if (runner->feed().wait_past(after, deadline, stop) <= after) {
    KRIGE_CHECK(impl_->find(id));  // deleted meanwhile
    return std::vector<Event>();
  }
  if (auto latest = runner->feed().events(after, limit)) return *std::move(latest);
  return impl_->storage->events(id, after, limit);
}

Engine::Changes Engine::wait_changes(std::uint64_t cursor, MonotonicTime deadline, const std::stop_token& stop) const {
  Changes changes;
  std::vector<RunnerPtr> runners;
  {
    std::unique_lock lock(impl_->mutex);
    if (cursor > 0)
      impl_->changed.wait_until(lock, stop, deadline, [&] { return impl_->change >= cursor || impl_->down; });
    changes.cursor = impl_->change + 1;
    if (cursor == 0) return changes;
    for (const auto& [id, change] : impl_->last_change)
      if (const auto found = impl_->runners.find(id); change >= cursor && found != impl_->runners.end())
        runners.push_back(found->second);
    for (const auto& [change, id] : impl_->deleted)
      if (change >= cursor) changes.deleted.push_back(id);
  }
  for (const RunnerPtr& runner : runners) changes.changed.push_back(runner->view());
  return changes;
}

}  // namespace krige::tuner
