#!/bin/bash
# Restores a backup into a ClickHouse that has nothing yet, and opens it to the nodes.
set -euo pipefail
: "${AURORA_RESTORE:?}" "${AURORA_BACKUP_URL:?}"
# shellcheck source=../common/aws.sh
source /usr/local/lib/aurora/aws.sh
# shellcheck source=clickhouse.sh
source /usr/local/lib/aurora/clickhouse.sh

state=${AURORA_BACKUP_STATE:-/var/lib/clickhouse/backups}
until_up 600
if [[ -e $state/restoring ]]; then
  echo 'an earlier try was interrupted: beginning anew'
  ask 'DROP DATABASE IF EXISTS events SYNC'
  ask 'DROP DATABASE IF EXISTS aurora SYNC'
elif [[ $(ask "SELECT count() FROM system.databases WHERE name IN ('events', 'aurora')") != 0 ]]; then
  echo "this volume has data already, which a restore would replace: nothing was changed, and nodes are kept out. Restore into a \
new volume, or take the restore out of the deployment to go on with what is here" >&2
  exit 1
fi

name=$AURORA_RESTORE
if [[ $name == latest ]]; then
  name=$(signed s3 --max-time 60 "${AURORA_BACKUP_URL}latest")
fi
if [[ ! $name =~ ^[0-9]{8}T[0-9]{6}Z-(full|incremental)$ ]]; then
  echo "'$name' is no backup's name, such as 20261127T030000Z-full" >&2
  exit 1
fi
if ! signed s3 --max-time 60 --output /dev/null "${AURORA_BACKUP_URL}$name/manifest.json"; then
  echo "the backup $name is not complete or not there" >&2
  exit 1
fi

touch "$state/restoring"
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

printf '%s\n' "$name" >"$state/restored"
rm -f "$state/restoring"
echo "restored $name"
# Some installs open by hand.
if [[ -f /etc/aurora/listen.xml ]]; then
  /usr/local/bin/aurora machine config /etc/aurora/listen.xml --out /etc/clickhouse-server/config.d/listen.xml
  systemctl --no-block restart clickhouse-server.service
fi
