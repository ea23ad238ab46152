// What the commands need: where the programs are, and an engine over a store.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tuner/storage/timed_storage.h"
#include "tuner/study/engine.h"

namespace krige::cli {

// $KRIGE_TRAINER, or krige-trainer beside this program, or else where it is installed: in ../lib/krige from there.
[[nodiscard]] std::string trainer_path();
// krige-trainer with these arguments in this process's place. Returns, with the exit code, only if it cannot be run.
int become_trainer(std::vector<std::string> arguments);

// `given`, or ~/.local/share/krige where it is empty.
[[nodiscard]] Result<std::filesystem::path> data_folder_path(const std::string& given);
// The same; not_found when there is no such folder.
[[nodiscard]] Result<std::filesystem::path> existing_data_folder(const std::string& given);
// The same, made when it is not there, for its owner only.
[[nodiscard]] Result<std::filesystem::path> data_folder(const std::string& given);

struct EngineSetup {
  std::string store{};                 // an SQLite file; empty: in memory
  tuner::StoreTimes* times = nullptr;  // of the store's calls, when not null; must outlive the engine
  std::optional<Millis> lease{};       // as EngineOptions has it, which says what it is when empty
  bool runs = true;                    // false: without an executor, so that no trial is started
  std::string log_folder{};            // where what attempts print is kept; empty: it is not
  std::function<Status(const tuner::StudySpec&)> may_run{};  // as EngineOptions has it
};
// An engine with a local executor, unless nothing is to run.
[[nodiscard]] Result<std::unique_ptr<tuner::Engine>> open_engine(const EngineSetup& setup);

// Where the trainings of a store leave their files.
[[nodiscard]] std::string trainings_of(const std::string& store);
[[nodiscard]] std::string store_in(const std::filesystem::path& data_folder);

}  // namespace krige::cli
