#!/bin/bash
# Fetches the passwords of ClickHouse's users. What has changed the server takes up by itself, as soon as the file with the hashes
# has.
set -euo pipefail
: "${AURORA_DEPLOYMENT:?}"
secrets=/run/aurora-secrets

# A place of its own: the setup and the timer may be at it at the same time.
work=$(mktemp --directory /run/aurora-passwords.XXXXXX)
trap 'rm -rf "$work"' EXIT
references=()
for name in clickhouse-writer clickhouse-reader clickhouse-grafana clickhouse-operator; do
  references+=("$name=secretsmanager:aurora/$AURORA_DEPLOYMENT/$name")
done
if ! said=$(aurora machine secrets --out "$work" --mode 0400 "${references[@]}" 2>&1); then
  echo "$said" >&2
  exit 1
fi
mkdir -p /etc/clickhouse-server/users.d
/usr/local/lib/aurora/clickhouse-passwords.sh "$work" /etc/clickhouse-server/users.d/passwords.xml
# Of the others nobody here needs more than the hash.
install --directory --mode 0700 "$secrets"
mv "$work/clickhouse-operator" "$secrets/clickhouse-operator"
