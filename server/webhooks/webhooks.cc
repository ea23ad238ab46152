#include "server/webhooks/webhooks.h"

#include <fmt/format.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.h"
#include "base/log.h"
#include "server/auth/digest.h"
#include "server/auth/token_store.h"
#include "tuner/study/codec.h"
#include "tuner/trial/states.h"

namespace krige::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kEventsAtOnce = 256;
// How long one look for changes lasts; it ends when there are some, or the service stops.
constexpr std::chrono::hours kPatience{1};

// trial.ended or study.ended, when the event is the end of one.
std::optional<std::string> kind_of(const tuner::Event& event, const OrderedJson& json) {
  if (event.type == "STUDY_STATE_CHANGED") {
    const auto state = tuner::study_state(json.value("state", ""));
    return state && tuner::is_final(*state) ? std::optional<std::string>("study.ended") : std::nullopt;
  }
  if (event.type != "TRIAL_STATE_CHANGED" && event.type != "TRIAL_CREATED") return std::nullopt;
  const auto state = tuner::trial_state(json.value("trial", OrderedJson::object()).value("state", ""));
  return state && tuner::is_final(*state) ? std::optional<std::string>("trial.ended") : std::nullopt;
}

}  // namespace

class Webhooks::Hook {
 public:
  Hook(const tuner::Engine& engine, const WebhookOptions& options, Target target, std::string secret,
       Positions positions)
      : engine_(engine),
        options_(options),
        target_(std::move(target)),
        secret_(std::move(secret)),
        positions_(std::move(positions)) {
    cursor_ = engine_.wait_changes(0, {}, {}).cursor;
    for (const tuner::StudyView& study : engine_.studies()) {
      // What is behind the study's last event was told before its store was replaced by a copy.
      if (positions_.is_new() || positions_.of(study.row.id) > study.row.seq)
        positions_.set(study.row.id, study.row.seq);
    }
    save();
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

 private:
  void run(const std::stop_token& stop) {
    // What happened while the service was not there, or before the cursor was taken.
    for (const tuner::StudyView& study : engine_.studies()) tell(study, stop);
    while (!stop.stop_requested()) {
      const auto deadline = std::chrono::steady_clock::now() + kPatience;
      const tuner::Engine::Changes changes = engine_.wait_changes(cursor_, deadline, stop);
      cursor_ = changes.cursor;
      for (const StudyId& id : changes.deleted) positions_.forget(id);
      for (const tuner::StudyView& study : changes.changed) tell(study, stop);
      if (!changes.changed.empty() || !changes.deleted.empty()) continue;
      // The engine ends: its waits return at once.
      std::unique_lock lock(mutex_);
      never_.wait_for(lock, stop, Millis(100), [] { return false; });
    }
  }

  // Everything that has happened in the study since.
  void tell(const tuner::StudyView& study, const std::stop_token& stop) {
    const StudyId& id = study.row.id;
    while (!stop.stop_requested()) {
      const auto events = engine_.wait_events(id, positions_.of(id), kEventsAtOnce, {}, stop);
      if (!events || events->empty()) return;
      for (const tuner::Event& event : *events) {
        const OrderedJson json = tuner::to_json(event);
        const std::optional<std::string> kind = kind_of(event, json);
        if (kind && !send({fmt::format("{}.{}", id, event.seq), *kind, body_of(study, *kind, json)}, stop)) return;
        positions_.set(id, event.seq);
        if (kind) save();
      }
    }
  }

  static std::string body_of(const tuner::StudyView& study, const std::string& kind, const OrderedJson& event) {
    return dump({{"kind", kind}, {"study", {{"id", study.row.id}, {"name", study.row.name}}}, {"event", event}});
  }

  // Whether to go on behind the message: it was taken, or given up. False when the service stops before.
  bool send(const Message& message, const std::stop_token& stop) {
    Millis delay = options_.first_delay;
    for (int tried = 1;; ++tried, delay *= 2) {
      const auto begun = std::chrono::steady_clock::now();
      const Status taken = deliver(target_, message, secret_, options_.timeout, options_.authorities, stop);
      if (!taken && stop.stop_requested()) return false;
      const bool given_up = !taken && tried >= options_.tries;
      if (options_.on_try)
        options_.on_try(target_.origin(),
                        taken      ? "delivered"
                        : given_up ? "given_up"
                                   : "failed",
                        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
      if (taken) return true;
      if (given_up) {
        log::error(fmt::format("webhook {}: message {} is given up after {} tries: {}", target_.origin(), message.id,
                               tried, taken.error().message));
        return true;
      }
      if (tried == 1)
        log::warning(fmt::format("webhook {}: message {} is sent again: {}", target_.origin(), message.id,
                                 taken.error().message));
      std::unique_lock lock(mutex_);
      never_.wait_for(lock, stop, delay, [] { return false; });
      if (stop.stop_requested()) return false;
    }
  }

  void save() {
    // Without it, messages are sent again after a restart, which receivers tell by their ids.
    if (const Status saved = positions_.save(); !saved) log::warning("webhooks: " + saved.error().describe());
  }

  const tuner::Engine& engine_;
  const WebhookOptions options_;
  const Target target_;
  const std::string secret_;
  Positions positions_;
  std::uint64_t cursor_ = 0;
  std::mutex mutex_;
  std::condition_variable_any never_;
  std::jthread thread_;  // last: it uses all of the above
};

Webhooks::Webhooks() = default;
Webhooks::~Webhooks() = default;

Result<std::unique_ptr<Webhooks>> Webhooks::start(const tuner::Engine& engine, const WebhookOptions& options) {
  std::unique_ptr<Webhooks> webhooks(new Webhooks());
  if (options.urls.empty()) return webhooks;
  KRIGE_TRY(const std::string secret, webhook_secret(options.data_dir));
  const fs::path folder = fs::path(options.data_dir) / "webhooks";
  std::error_code error;
  if (fs::create_directories(folder, error)) fs::permissions(folder, fs::perms::owner_all, error);
  if (error) return fail(ErrorCode::io, fmt::format("cannot make {}: {}", folder.string(), error.message()));
  for (const std::string& url : options.urls) {
    KRIGE_TRY(Target target, Target::parse(url));
    KRIGE_TRY(Positions positions, Positions::open(folder / (sha256(url).substr(0, 16) + ".json")));
    webhooks->hooks_.push_back(
        std::make_unique<Hook>(engine, options, std::move(target), secret, std::move(positions)));
  }
  return webhooks;
}

Result<std::string> webhook_secret(const std::string& data_dir) {
  return secret_of_file(fs::path(data_dir) / "webhook-secret");
}

}  // namespace krige::server
