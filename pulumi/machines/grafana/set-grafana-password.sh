#!/bin/bash
# Tells Grafana's database the admin's password, before Grafana starts: by itself it looks at the configured one only when it makes
# the database.
set -euo pipefail
if [[ ! -s /var/lib/grafana/grafana.db ]]; then
  exit 0
fi
/opt/grafana/bin/grafana cli --homepath /opt/grafana --config /etc/grafana/grafana.ini \
  admin reset-admin-password --password-from-stdin </run/aurora-secrets/grafana-admin >/dev/null
