#!/bin/bash
# Makes this machine ready for ClickHouse: the pinned server, passwords, and where it listens. Run at every start.
set -euo pipefail
: "${AURORA_DEPLOYMENT:?}"
here=/usr/local/lib/aurora
data=/var/lib/clickhouse
secrets=/run/aurora-secrets

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

references=()
for name in clickhouse-writer clickhouse-reader clickhouse-grafana clickhouse-operator; do
  references+=("$name=secretsmanager:aurora/$AURORA_DEPLOYMENT/$name")
done
aurora machine secrets --out "$secrets" --mode 0400 "${references[@]}"
mkdir -p /etc/clickhouse-server/users.d /etc/clickhouse-server/config.d
"$here/clickhouse-passwords.sh" "$secrets" /etc/clickhouse-server/users.d/passwords.xml
# Of the others nobody here needs more than the hash.
rm -f "$secrets"/clickhouse-{writer,reader,grafana}

# Closed to nodes while a restore is to come: one that met an empty ClickHouse would begin everything anew.
listen=/etc/aurora/listen.xml
if [[ -e $restoring ]]; then
  echo "closed until the backup '$(<"$restoring")' is restored"
  listen=/etc/aurora/closed.xml
fi
aurora machine config "$listen" --out /etc/clickhouse-server/config.d/listen.xml
