// Tables made once and mapped by all trials and processes of the machine.
//
// An entry is a folder named by its key: the identity of the source files (device, inode, size, time of change) and
// all options that change how they are read. It is made in `<key>.tmp` by the process that holds the lock, and renamed
// when it is whole. A lock ends with its process, and who takes it next removes what was left.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "trainer/data/convert.h"
#include "trainer/data/table_file.h"

namespace krige::trainer {

struct CacheOptions {
  std::string folder;  // empty: there is none
  // The least recently used entries go when all together are larger; the one just made stays.
  std::uint64_t quota_bytes = 20'000'000'000;
  // A process that holds a lock and shows no progress for so long is not waited for.
  Millis patience{60'000};
};

// The folder is $KRIGE_CACHE_DIR, else $XDG_CACHE_HOME/krige, else ~/.cache/krige; $KRIGE_CACHE_QUOTA is in bytes.
[[nodiscard]] CacheOptions cache_options_from_environment();

// The table of the request, from the cache or converted into it. Where the cache cannot be written, or another process
// keeps it for too long, the table serves this process only, and a warning is logged. Errors are those of convert().
[[nodiscard]] Result<Table> cached_table(const TableRequest& request, const CacheOptions& cache,
                                         const Progress& progress);

}  // namespace krige::trainer
