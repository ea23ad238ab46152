// The role `supervise` alone, for tests that must not depend on the trainer.
#include "base/supervisor.h"

int main(int argc, char** argv) { return krige::supervisor_main({argv + 1, argv + argc}); }
