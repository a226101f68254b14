#!/bin/bash
# Writes ClickHouse's users.d/passwords.xml from files that hold a password each: clickhouse-passwords.sh DIRECTORY OUT
# In DIRECTORY are clickhouse-writer, clickhouse-reader, clickhouse-grafana and clickhouse-operator.
set -euo pipefail
directory=$1
out=$2

new=$(mktemp "$out.XXXXXX")
trap 'rm -f "$new"' EXIT
{
  echo '<clickhouse><users>'
  for user in writer reader grafana operator; do
    # A line break at the end, as editors leave it, is no part of a password.
    password=$(<"$directory/clickhouse-$user")
    if ((${#password} < 8)); then
      echo "the password in $directory/clickhouse-$user has fewer than 8 characters" >&2
      exit 1
    fi
    hash=$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)
    echo "<aurora_$user><password_sha256_hex>$hash</password_sha256_hex></aurora_$user>"
  done
  echo '</users></clickhouse>'
} >"$new"
if getent group clickhouse >/dev/null; then
  chgrp clickhouse "$new"
fi
chmod 0640 "$new"
# What has not changed stays, or the server would read all of its users anew.
if cmp --silent "$new" "$out" && [[ $(stat --format %G:%a "$new") == $(stat --format %G:%a "$out") ]]; then
  exit 0
fi
mv "$new" "$out"
echo "$out is new"
trap - EXIT
