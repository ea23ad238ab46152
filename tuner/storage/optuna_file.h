// Studies in the SQLite file of Optuna's RDBStorage, in the schema of Optuna 3.0 and 3.1 (version 12), which later ones
// bring up to date by `optuna storage upgrade`.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace krige::tuner {

// Whether the file begins as one of SQLite's.
[[nodiscard]] bool is_sqlite_file(const std::string& path);

// A study of the file as krige study export writes one: {study: {spec}, trials}. `name` may be empty where the file has
// one study only. Parameters that are not in every COMPLETE trial, or whose range changes, are left out, and trials
// that lack one of the others; `notes` says so. Errors: not_found, conflict (it has several), unsupported (it is no
// store of Optuna's, or of another schema), corrupt, io.
[[nodiscard]] Result<OrderedJson> read_optuna_study(const std::string& path, const std::string& name,
                                                    std::vector<std::string>& notes);

// Adds what krige study export writes, but for trials that have not ended, to the file, which is made where there is
// none. already_exists: it has a study of that name.
[[nodiscard]] Status write_optuna_study(const std::string& path, const std::string& name, const OrderedJson& document);

}  // namespace krige::tuner
