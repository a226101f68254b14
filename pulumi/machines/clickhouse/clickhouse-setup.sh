#!/bin/bash
# Makes this machine ready for ClickHouse: the pinned server, passwords, and where it listens. Run at every start.
set -euo pipefail
: "${AURORA_DEPLOYMENT:?}"
here=/usr/local/lib/aurora
data=/var/lib/clickhouse
secrets=/run/aurora-secrets

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

if [[ -n ${AURORA_RESTORE:-} && ! -e $data/backups/restored ]]; then
  echo "closed until the backup '$AURORA_RESTORE' is restored"
  listen=/etc/aurora/closed.xml
else
  listen=/etc/aurora/listen.xml
fi
aurora machine config "$listen" --out /etc/clickhouse-server/config.d/listen.xml
