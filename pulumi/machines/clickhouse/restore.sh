#!/bin/bash
# Restores a backup into a ClickHouse that is closed to nodes and has nothing of theirs, and opens it: restore.sh
# Or says which one it would be: restore.sh find
set -euo pipefail
: "${AURORA_RESTORE:?}" "${AURORA_BACKUP_URL:?}"
# shellcheck source=../common/aws.sh
source /usr/local/lib/aurora/aws.sh
# shellcheck source=clickhouse.sh
source /usr/local/lib/aurora/clickhouse.sh

# The backup that is asked for, if it is complete.
find_backup() {
  local name=$AURORA_RESTORE
  if [[ $name == latest ]]; then
    name=$(signed s3 --max-time 60 "${AURORA_BACKUP_URL}latest")
  fi
  if [[ ! $name =~ ^[0-9]{8}T[0-9]{6}Z-(full|incremental)$ ]]; then
    echo "'$name' is no backup's name, such as 20261127T030000Z-full" >&2
    return 1
  fi
  if ! signed s3 --max-time 60 --output /dev/null "${AURORA_BACKUP_URL}$name/manifest.json"; then
    echo "the backup $name is not complete or not there: nothing was changed, and nodes are kept out until another one is asked \
for, or none" >&2
    return 1
  fi
  echo "$name"
}
if [[ ${1:-} == find ]]; then
  find_backup
  exit
fi

state=${AURORA_BACKUP_STATE:-/var/lib/clickhouse/backups}
# Made by clickhouse-setup.sh, together with room: whatever is in the server now is of an earlier try.
if [[ $(cat "$state/restoring" 2>/dev/null) != "$AURORA_RESTORE" ]]; then
  echo "'$AURORA_RESTORE' is restored already"
  exit 0
fi
name=$(find_backup)
until_up 600
ask 'DROP DATABASE IF EXISTS events SYNC'
ask 'DROP DATABASE IF EXISTS aurora SYNC'
for part in "DATABASE aurora:1-aurora" "DATABASE events:2-events" "TABLE aurora.dead_letters:3-dead-letters"; do
  ask "RESTORE ${part%%:*} FROM Disk('backups', '$name/${part##*:}')" >/dev/null
done
# Epochs of after the backup may still be believed in by a node that has not been stopped, and would be given out anew: all
# that can have been given out are passed over, so that whoever writes has to take the partition first.
ask "INSERT INTO aurora.owners (stream, generation, partition, epoch, claim, node, at)
  SELECT stream, generation, partition, max(epoch) + 1000000, toString(generateUUIDv4()), 'restore', now64(3)
  FROM (SELECT stream, generation, partition, epoch FROM aurora.owners
        UNION ALL SELECT stream, generation, partition, epoch FROM aurora.journal)
  GROUP BY stream, generation, partition"

# The next backup is a full one.
rm -f "$state/base"
printf '%s\n' "$AURORA_RESTORE" >"$state/restored"
rm "$state/restoring"
echo "restored $name"
# Some installs open by hand.
if [[ -f /etc/aurora/listen.xml ]]; then
  /usr/local/bin/aurora machine config /etc/aurora/listen.xml --out /etc/clickhouse-server/config.d/listen.xml
  systemctl --no-block restart clickhouse-server.service
fi
