#!/bin/bash
# Fetches the password of Grafana's admin, and has Grafana take it up if it is another one.
set -euo pipefail
: "${AURORA_DEPLOYMENT:?}"
held=/run/aurora-secrets/grafana-admin

work=$(mktemp --directory /run/aurora-grafana.XXXXXX)
trap 'rm -rf "$work"' EXIT
if ! said=$(aurora machine secrets --out "$work" --mode 0400 --owner grafana:grafana \
  "grafana-admin=secretsmanager:aurora/$AURORA_DEPLOYMENT/grafana-admin" 2>&1); then
  echo "$said" >&2
  exit 1
fi
if cmp --silent "$work/grafana-admin" "$held"; then
  exit 0
fi
mv "$work/grafana-admin" "$held"
echo "the admin's password has changed: Grafana is started again with it"
systemctl --no-block try-restart grafana-server.service
