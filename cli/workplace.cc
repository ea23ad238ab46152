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
