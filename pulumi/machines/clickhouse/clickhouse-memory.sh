#!/bin/bash
# Gives a machine with little memory small pools and caches, and takes them from one that has more by now:
# clickhouse-memory.sh SMALL OUT
set -euo pipefail
small=$1
out=$2

# What is sold as 8 GiB has somewhat less: the kernel keeps some to itself.
enough_kib=$((7 << 20))
kib=$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' "${AURORA_MEMINFO:-/proc/meminfo}")
if ((${kib:?} < enough_kib)); then
  install -D --mode 0644 "$small" "$out"
else
  rm -f "$out"
fi
