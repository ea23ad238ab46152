#include "cli/workplace.h"

#include <cstdlib>
#include <filesystem>

#include "tuner/executors/local_executor.h"

namespace krige::cli {

namespace fs = std::filesystem;

std::string trainer_path() {
  if (const char* given = std::getenv("KRIGE_TRAINER"); given != nullptr && *given != '\0') return given;
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  return error ? "krige-trainer" : (self.parent_path() / "krige-trainer").string();
}

Result<std::string> data_folder(const std::string& given) {
  if (!given.empty()) return given;
  if (const char* data_home = std::getenv("XDG_DATA_HOME"); data_home != nullptr && *data_home != '\0')
    return (fs::path(data_home) / "krige").string();
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return (fs::path(home) / ".local" / "share" / "krige").string();
  return fail(ErrorCode::invalid_argument, "is needed where $HOME is not set", "--data-dir");
}

std::string store_in(const std::string& data_folder) { return (fs::path(data_folder) / "krige.sqlite").string(); }

Result<std::unique_ptr<tuner::Engine>> open_engine(const std::string& store) {
  std::unique_ptr<tuner::Storage> storage;
  if (store.empty()) {
    storage = tuner::make_memory_storage();
  } else {
    KRIGE_TRY(storage, tuner::open_sqlite_storage(store));
  }
  tuner::EngineOptions options;
  options.trainer = trainer_path();
  if (!fs::exists(options.trainer))
    return fail(ErrorCode::not_found, "krige-trainer is not where it should be: " + options.trainer);
  KRIGE_TRY(std::unique_ptr<tuner::Executor> executor,
            tuner::make_local_executor({.supervisor = options.trainer, .store_id = storage->store_id()}));
  return tuner::Engine::open(std::move(storage), std::move(executor), std::move(options));
}

}  // namespace krige::cli
