// What the commands need: where the programs are, and an engine over a store.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tuner/storage/timed_storage.h"
#include "tuner/study/engine.h"

namespace krige::cli {

// krige-trainer beside this program, or $KRIGE_TRAINER.
[[nodiscard]] std::string trainer_path();

// `given`, or ~/.local/share/krige where it is empty; made when it is not there, for its owner only.
[[nodiscard]] Result<std::filesystem::path> data_folder(const std::string& given);

// An engine with a local executor. `store`: an SQLite file, empty for memory. `times` of its calls, when not null; they
// must outlive the engine.
[[nodiscard]] Result<std::unique_ptr<tuner::Engine>> open_engine(const std::string& store,
                                                                 tuner::StoreTimes* times = nullptr);

[[nodiscard]] std::string store_in(const std::filesystem::path& data_folder);

}  // namespace krige::cli
