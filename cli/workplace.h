// What every command that runs trials needs: where the programs are, and an engine over a store.
#pragma once

#include <memory>
#include <string>

#include "tuner/study/engine.h"

namespace krige::cli {

// krige-trainer beside this program, or $KRIGE_TRAINER.
[[nodiscard]] std::string trainer_path();

// An engine with a local executor. `store`: an SQLite file, empty for memory.
[[nodiscard]] Result<std::unique_ptr<tuner::Engine>> open_engine(const std::string& store);

// --data-dir, or ~/.local/share/krige; it need not exist.
[[nodiscard]] Result<std::string> data_folder(const std::string& given);
[[nodiscard]] std::string store_in(const std::string& data_folder);

}  // namespace krige::cli
