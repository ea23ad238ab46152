#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "cli/workplace.h"
#include "tuner/storage/backup.h"

namespace krige::cli {

int backup(const BackupOptions& options) {
  const auto folder = existing_data_folder(options.data_dir);
  if (!folder) return report(folder.error());
  const std::string store = store_in(*folder);
  if (const Status done = tuner::back_up_sqlite_store(store, options.file); !done) return report(done.error());
  print_line(fmt::format("{} is a copy of {}", options.file, store));
  return 0;
}

}  // namespace krige::cli
