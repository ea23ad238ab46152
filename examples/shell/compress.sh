#!/usr/bin/env bash
# One trial of sweep.yaml: the size of a text and of packed data when xz packs them so.
set -euo pipefail
size=$(cat ../../LICENSE ../data/digits.csv.gz | xz --format=raw --lzma2="preset=$1,lc=$2,lp=$3,pb=$4" --stdout | wc -c)
echo "{\"bytes\": $size}"
