#!/bin/bash
# Tells Grafana's database the admin's password, before Grafana starts, if it is another one than it was told last: by itself it
# looks at the configured one only when it makes the database.
set -euo pipefail
state=/var/lib/grafana
held=/run/aurora-secrets/grafana-admin
told=$state/.admin-password-told
sum=$(sha256sum "$held" | cut -d ' ' -f 1)

if [[ -s $state/grafana.db && $(cat "$told" 2>/dev/null) != "$sum" ]]; then
  # It prints what is wrong on its standard output.
  if ! said=$(timeout 60 /opt/grafana/bin/grafana cli --homepath /opt/grafana --config /etc/grafana/grafana.ini \
    admin reset-admin-password --password-from-stdin <"$held" 2>&1); then
    echo "the admin's password could not be changed, the old one is good still: $said" >&2
    exit 1
  fi
fi
(umask 0077 && echo "$sum" >"$told")
