// A process that owns an executor, for tests that kill it: executor_host STORE_ID PROGRAM ARGUMENT…
// Prints the lines of its attempts; never ends by itself before a minute.
#include <unistd.h>

#include <iostream>
#include <string>

#include "tuner/executors/local_executor.h"

int main(int argc, char** argv) {
  using namespace krige::tuner;
  if (argc < 3) return 2;
  ::alarm(60);
  auto executor = make_local_executor({.supervisor = std::string(KRIGE_BIN_DIR) + "/supervise", .store_id = argv[1]});
  if (!executor) return 1;
  (*executor)->set_callbacks(
      {.on_line = [](const AttemptKey&, std::string_view line) { std::cout << line << std::endl; }, .on_exit = {}});
  RunSpec run;
  run.key = {"study", 1, 1};
  run.argv.assign(argv + 2, argv + argc);
  if (!(*executor)->start(run)) return 1;
  while (true) ::pause();
}
