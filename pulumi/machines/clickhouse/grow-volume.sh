#!/bin/bash
# Grows the file system of ClickHouse's data if its volume has been made larger, and says nothing otherwise: grow-volume.sh DEVICE
# before it is mounted, grow-volume.sh while it is in use.
set -euo pipefail
mountpoint=${AURORA_MOUNTPOINT:-/var/lib/clickhouse}
device=${1:-}
if [[ -z $device ]]; then
  device=$(findmnt --noheadings --first-only --output SOURCE --mountpoint "$mountpoint")
fi

# What the superblock says: number NAME.
number() { dumpe2fs -h "$device" 2>/dev/null | sed -n "s/^$1: *\([0-9]*\)$/\1/p"; }
block=$(number 'Block size')
before=$(number 'Block count')
if (($(blockdev --getsize64 "$device") / block <= before)); then
  exit 0
fi
if [[ -n ${1:-} ]]; then
  # Before it is mounted no right of the kernel's is needed, and a whole check is.
  fsck.ext4 -f -p "$device" || (($? == 1))
fi
if ! said=$(resize2fs "$device" 2>&1); then
  echo "the volume has grown, and its file system cannot grow with it: $said" >&2
  exit 1
fi
after=$(number 'Block count')
# A rest that is too small to be of use stays unused.
if ((after > before)); then
  echo "the volume has grown, and its file system with it: from $((before * block >> 20)) to $((after * block >> 20)) MiB"
fi
