#!/bin/bash
# Restores a backup into a ClickHouse that is closed to nodes and has nothing of theirs, and opens it: restore.sh
# Or says which one it would be: restore.sh find
set -euo pipefail
: "${AURORA_RESTORE:?}" "${AURORA_BACKUP_URL:?}"
# shellcheck source=../common/aws.sh
source /usr/local/lib/aurora/aws.sh
# shellcheck source=clickhouse.sh
source /usr/local/lib/aurora/clickhouse.sh

# The manifest of a backup, nothing if there is none: manifest NAME. That it cannot be asked for says nothing about the backup.
manifest() {
  local answer said
  if answer=$(signed s3 --no-show-error --max-time 60 --write-out '\n%{http_code} %{errormsg}' "${AURORA_BACKUP_URL}$1/manifest.json"); then
    printf '%s\n' "${answer%$'\n'*}"
    return
  fi
  said=${answer##*$'\n'}
  if [[ $said != 404* ]]; then
    echo "whether the backup $1 is there cannot be found out: ${said#* }" >&2
    return 1
  fi
}

# What a backup lacks to be restored: the name of that which has no manifest, itself or the full one that it builds on.
missing() {
  local text base
  text=$(manifest "$1") || return
  if [[ -z $text ]]; then
    echo "$1"
    return
  fi
  base=$(json_text base "$text")
  if [[ -n $base ]]; then
    text=$(manifest "$base") || return
    if [[ -z $text ]]; then
      echo "$base"
    fi
  fi
}

# The names of all backups, complete or not, newest first.
backups() {
  local bucket=${AURORA_BACKUP_URL%/*/}/ prefix=${AURORA_BACKUP_URL%/} page found='' names='' after=''
  prefix=${prefix##*/}%2F
  while :; do
    page=$(signed s3 --max-time 60 "${bucket}?delimiter=%2F&list-type=2&prefix=$prefix${after:+&start-after=$prefix$after%2F~}") || return
    found=$(grep --only-matching --extended-regexp '[0-9]{8}T[0-9]{6}Z-(full|incremental)/</Prefix>' <<<"$page" | cut -d / -f 1)
    names+=$found$'\n'
    after=${found##*$'\n'}
    if [[ $page != *'<IsTruncated>true<'* || -z $after ]]; then
      break
    fi
  done
  sort --reverse <<<"$names"
}

# The backup that is asked for, if it can be restored; `latest` is the newest that can.
find_backup() {
  local name=$AURORA_RESTORE lacks names
  local unchanged='nothing was changed, and nodes are kept out until another one is asked for, or none'
  if [[ $name == latest ]]; then
    names=$(backups) || return
    for name in $names; do
      lacks=$(missing "$name") || return
      if [[ -z $lacks ]]; then
        echo "$name"
        return
      fi
      echo "the backup $name is passed over: $lacks is not complete or not there" >&2
    done
    echo "there is no backup that could be restored: $unchanged" >&2
    return 1
  fi
  if [[ ! $name =~ ^[0-9]{8}T[0-9]{6}Z-(full|incremental)$ ]]; then
    echo "'$name' is no backup's name, such as 20261127T030000Z-full" >&2
    return 1
  fi
  lacks=$(missing "$name") || return
  if [[ $lacks == "$name" ]]; then
    echo "the backup $name is not complete or not there: $unchanged" >&2
    return 1
  elif [[ -n $lacks ]]; then
    echo "the backup $name builds on $lacks, which is not complete or not there: $unchanged" >&2
    return 1
  fi
  echo "$name"
}
if [[ ${1:-} == find ]]; then
  find_backup
  exit
fi

# Lets nodes in, if they are kept out. Some installs open by hand.
open_to_nodes() {
  local listen=/etc/clickhouse-server/config.d/listen.xml
  if [[ -f /etc/aurora/listen.xml ]] && cmp --silent /etc/aurora/closed.xml "$listen"; then
    /usr/local/bin/aurora machine config /etc/aurora/listen.xml --out "$listen"
    systemctl --no-block restart clickhouse-server.service
  fi
}

state=${AURORA_BACKUP_STATE:-/var/lib/clickhouse/backups}
# Made by clickhouse-setup.sh, together with room: whatever is in the server now is of an earlier try.
if [[ $(cat "$state/restoring" 2>/dev/null) != "$AURORA_RESTORE" ]]; then
  echo "'$AURORA_RESTORE' is restored already"
  open_to_nodes
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
open_to_nodes
