#!/bin/bash
# Fetches the password of Grafana's admin, and has Grafana take it up if it was not told of it yet.
set -euo pipefail
: "${AURORA_DEPLOYMENT:?}"
held=/run/aurora-secrets/grafana-admin
told=/var/lib/grafana/.admin-password-told

work=$(mktemp --directory /run/aurora-grafana.XXXXXX)
trap 'rm -rf "$work"' EXIT
if ! said=$(aurora machine secrets --out "$work" --mode 0400 --owner grafana:grafana \
  "grafana-admin=secretsmanager:aurora/$AURORA_DEPLOYMENT/grafana-admin" 2>&1); then
  echo "$said" >&2
  exit 1
fi
sum=$(sha256sum "$work/grafana-admin" | cut -d ' ' -f 1)
if [[ $(cat "$told" 2>/dev/null) == "$sum" ]]; then
  exit 0
fi
mv --no-target-directory "$work/grafana-admin" "$held"
echo "the admin's password has changed: Grafana is started again with it"
systemctl --no-block try-restart grafana-server.service
