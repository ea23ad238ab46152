#!/usr/bin/env bash
# krige-trainer is started four times a trial: fails when it links a library it does not need.
set -euo pipefail
trainer=$1
allowed='linux-vdso|libstdc\+\+|libm\.|libgcc_s|libc\.|libz\.|liblzma|libxxhash|libzstd|libfmt\.|liblbfgs|libkrige-dense|ld-linux|libasan|libubsan|libtsan|libpthread'
linked=$(ldd "$trainer" | awk '{print $1}')
unwanted=$(grep -Ev "$allowed" <<<"$linked" || true)
[ -z "$unwanted" ] || { echo "krige-trainer links what it does not need:"; echo "$unwanted"; exit 1; }
echo "krige-trainer links only: $(tr '\n' ' ' <<<"$linked")"
