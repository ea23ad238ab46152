#!/usr/bin/env bash
# Fails when a C++ file is not as clang-format would write it.
set -euo pipefail
cd "$(dirname "$0")/../.."
git ls-files -z -- '*.h' '*.cc' | xargs -0 clang-format --dry-run -Werror
