#!/bin/bash
# Makes this machine ready for ClickHouse: the pinned server, passwords, what its memory allows, and where it listens. Run at every
# start.
set -euo pipefail
here=/usr/local/lib/aurora
data=/var/lib/clickhouse

# What is asked for, what is under way, and what is done: a restore is carried out once a volume, however often machines start.
asked=${AURORA_RESTORE:-}
restoring=$data/backups/restoring
under_way=$(cat "$restoring" 2>/dev/null || true)
restored=$(cat "$data/backups/restored" 2>/dev/null || true)
if [[ -n $asked && $asked != "$restored" && $asked != "$under_way" ]]; then
  # Before anything is touched.
  name=$("$here/restore.sh" find)
  # It begins with nothing. What is here stays, aside; what an earlier restore has left unfinished does not.
  if [[ -n $under_way ]]; then
    rm -rf "$data/server"
  elif [[ -d $data/server ]]; then
    mv "$data/server" "$data/before-$name-$(date --utc +%Y%m%dT%H%M%SZ)"
  fi
  install --directory --owner aurora --group aurora --mode 0755 "$data/backups"
  echo "$asked" >"$restoring.new"
  mv "$restoring.new" "$restoring"
elif [[ -z $asked && -n $under_way ]]; then
  echo "the restore of '$under_way' was given up: going on with what was there before"
  rm -rf "$data/server"
  before=$(find "$data" -maxdepth 1 -name 'before-*' -type d -printf '%C@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-)
  if [[ -n $before ]]; then
    mv "$before" "$data/server"
  fi
  rm "$restoring"
fi
# What was put aside is removed after two weeks, at a start.
find "$data" -maxdepth 1 -name 'before-*' -type d -ctime +14 -exec rm -rf {} +

# Made by an image that numbers its users otherwise.
if [[ -d $data/server && $(stat --format %U "$data/server") != clickhouse ]]; then
  chown --recursive clickhouse:clickhouse "$data/server"
fi
install --directory --owner clickhouse --group clickhouse --mode 0750 "$data/server"
install --directory --owner aurora --group aurora --mode 0755 "$data/backups"
"$here/install-clickhouse.sh"

"$here/fetch-passwords.sh"
mkdir -p /etc/clickhouse-server/config.d
# Not said in user-data, which is read once: a machine's type may change.
"$here/clickhouse-memory.sh" /etc/aurora/small.xml /etc/clickhouse-server/config.d/small.xml

# Closed to nodes while a restore is to come: one that met an empty ClickHouse would begin everything anew.
listen=/etc/aurora/listen.xml
if [[ -e $restoring ]]; then
  echo "closed until the backup '$(<"$restoring")' is restored"
  listen=/etc/aurora/closed.xml
fi
aurora machine config "$listen" --out /etc/clickhouse-server/config.d/listen.xml
