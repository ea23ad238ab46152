#include "cli/workplace.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "cli/terminal.h"
#include "tuner/executors/local_executor.h"

namespace krige::cli {

namespace fs = std::filesystem;

std::string trainer_path() {
  if (const char* given = std::getenv("KRIGE_TRAINER"); given != nullptr && *given != '\0') return given;
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return "krige-trainer";
  const fs::path folder = self.parent_path();
  const fs::path beside = folder / "krige-trainer";
  const fs::path installed = folder.parent_path() / "lib" / "krige" / "krige-trainer";
  return (!fs::exists(beside, error) && fs::exists(installed, error) ? installed : beside).string();
}

int become_trainer(std::vector<std::string> arguments) {
  const std::string program = trainer_path();
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execvp(program.c_str(), argv.data());
  const Status failed = fail_errno(errno, fmt::format("cannot run {}", program));
  return report(failed.error());
}

std::string trainings_of(const std::string& store) { return store + ".trainings"; }

std::string store_in(const fs::path& data_folder) { return (data_folder / "krige.sqlite").string(); }

Result<std::unique_ptr<tuner::Engine>> open_engine(const EngineSetup& setup) {
  std::unique_ptr<tuner::Storage> storage;
  if (setup.store.empty()) {
    storage = tuner::make_memory_storage();
  } else {
    KRIGE_TRY(storage, tuner::open_sqlite_storage(setup.store));
  }
  if (setup.times != nullptr) storage = tuner::make_timed_storage(std::move(storage), *setup.times);
  tuner::EngineOptions options;
  options.trainer = trainer_path();
  options.forget_trainings = setup.store.empty();
  options.may_run = setup.may_run;
  if (setup.lease) options.lease = *setup.lease;
  options.training_folder = setup.store.empty()
                                ? (fs::temp_directory_path() / ("krige-trainings-" + storage->store_id())).string()
                                : trainings_of(setup.store);
  if (!setup.runs) return tuner::Engine::open(std::move(storage), nullptr, std::move(options));
  if (!fs::exists(options.trainer))
    return fail(ErrorCode::not_found, "krige-trainer is not where it should be: " + options.trainer);
  KRIGE_TRY(std::unique_ptr<tuner::Executor> executor,
            tuner::make_local_executor(
                {.supervisor = options.trainer, .store_id = storage->store_id(), .log_folder = setup.log_folder}));
  return tuner::Engine::open(std::move(storage), std::move(executor), std::move(options));
}

Result<fs::path> data_folder_path(const std::string& given) {
  if (!given.empty()) return given;
  const char* data_home = std::getenv("XDG_DATA_HOME");
  const char* home = std::getenv("HOME");
  if (data_home != nullptr && *data_home != '\0') return fs::path(data_home) / "krige";
  if (home != nullptr && *home != '\0') return fs::path(home) / ".local" / "share" / "krige";
  return fail(ErrorCode::invalid_argument, "is needed where $HOME is not set", "--data-dir");
}

Result<fs::path> existing_data_folder(const std::string& given) {
  KRIGE_TRY(const fs::path folder, data_folder_path(given));
  std::error_code error;
  if (fs::is_directory(folder, error)) return folder;
  return fail(ErrorCode::not_found, fmt::format("there is no folder {}", folder.string()), "--data-dir");
}

Result<fs::path> data_folder(const std::string& given) {
  KRIGE_TRY(const fs::path folder, data_folder_path(given));
  std::error_code error;
  if (fs::create_directories(folder, error)) fs::permissions(folder, fs::perms::owner_all, error);
  if (error)
    return fail(ErrorCode::io, fmt::format("cannot make {}: {}", folder.string(), error.message()), "--data-dir");
  return folder;
}

}  // namespace krige::cli
