#!/bin/bash
# Mounts the volume that holds ClickHouse's data, and makes a file system on it only if nothing was ever written to it.
set -euo pipefail
: "${AURORA_VOLUME:?}"

mountpoint=${AURORA_MOUNTPOINT:-/var/lib/clickhouse}
# Nitro shows a volume as an NVMe device under its id without the hyphen.
device=${AURORA_DEVICE:-/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${AURORA_VOLUME/-/}}

if mountpoint --quiet "$mountpoint"; then
  exit 0
fi
waited=0
until [[ -b $device ]]; do
  if ((waited % 60 == 0)); then
    echo "waiting for the volume $AURORA_VOLUME to be attached ($device)"
  fi
  if ((waited >= 900)); then
    echo "the volume $AURORA_VOLUME has not been attached for 15 minutes" >&2
    exit 1
  fi
  sleep 2
  waited=$((waited + 2))
done

# Blank is what carries no signature of a file system, a partition table, LVM, RAID or encryption, and begins with a MiB of
# zeros, as new volumes do. Anything else may be somebody's data.
signatures=$(wipefs --noheadings --output TYPE "$device")
if [[ -z $signatures ]]; then
  if ! cmp --silent --bytes=1048576 "$device" /dev/zero; then
    echo "the volume $AURORA_VOLUME is not blank, and no file system is known on it: it is left alone. Look at it, or use another" >&2
    exit 1
  fi
  echo "the volume $AURORA_VOLUME is blank: making a file system on it"
  # In the same step as its label, so that what was begun and not finished is seen as such.
  mkfs.ext4 -q -m 1 -L aurora-data "$device"
fi
label=$(blkid --probe --match-tag LABEL --output value "$device" || true)
if [[ $label != aurora-data ]]; then
  echo "the volume $AURORA_VOLUME has a file system that is not Aurora's (label '$label'): it is left alone" >&2
  exit 1
fi
# After a machine that went away; what is clean is not looked at. 1 is: mistakes were mended.
fsck.ext4 -p "$device" || (($? == 1))
"${0%/*}/grow-volume.sh" "$device"
uuid=$(blkid --probe --match-tag UUID --output value "$device")
mkdir -p "$mountpoint"
mount --types ext4 --options noatime,nodev,nosuid "UUID=$uuid" "$mountpoint"
