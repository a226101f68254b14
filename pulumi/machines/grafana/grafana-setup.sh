#!/bin/bash
# Makes this machine ready for Grafana: the pinned program, the pinned plugin for ClickHouse, and the admin's password. Run at
# every start.
set -euo pipefail
: "${AURORA_DEPLOYMENT:?}" "${GRAFANA_VERSION:?}" "${GRAFANA_URL:?}" "${GRAFANA_PLUGIN_VERSION:?}"
secrets=/run/aurora-secrets
state=/var/lib/grafana
installed=/opt/grafana-$GRAFANA_VERSION
plugin=grafana-clickhouse-datasource
patient=(--silent --show-error --fail --location --connect-timeout 20 --retry 8 --retry-connrefused --retry-delay 5)

if [[ ! -d $installed ]]; then
  work=$(mktemp --directory /opt/grafana.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  # The sum that the deployment pins, or the one that is published beside the archive.
  sum=${GRAFANA_SHA256:-}
  if [[ -z $sum ]]; then
    sum=$(curl "${patient[@]}" --max-time 60 "$GRAFANA_URL.sha256" | cut -d ' ' -f 1)
  fi
  curl "${patient[@]}" --max-time 1800 --output "$work/archive" "$GRAFANA_URL"
  if ! sha256sum --check --status <<<"$sum  $work/archive"; then
    echo "$GRAFANA_URL is not what it should be: its SHA-256 is not $sum" >&2
    exit 1
  fi
  mkdir "$work/program"
  tar --extract --gzip --file "$work/archive" --directory "$work/program" --strip-components 1 --no-same-owner
  mv "$work/program" "$installed"
  rm -rf "$work"
  trap - EXIT
fi
ln --symbolic --force --no-target-directory "$installed" /opt/grafana

install --directory --owner grafana --group grafana --mode 0750 "$state" "$state/plugins" "$state/log"
mkdir -p /etc/grafana/provisioning/{datasources,dashboards,alerting,plugins}
# Grafana checks the plugin's signature whenever it loads it.
if [[ $(cat "$state/plugins/.$plugin-version" 2>/dev/null) != "$GRAFANA_PLUGIN_VERSION" ]]; then
  rm -rf "${state:?}/plugins/$plugin"
  /opt/grafana/bin/grafana cli --homepath /opt/grafana --pluginsDir "$state/plugins" \
    ${GRAFANA_PLUGIN_REPO:+--repo "$GRAFANA_PLUGIN_REPO"} plugins install "$plugin" "$GRAFANA_PLUGIN_VERSION"
  chown --recursive grafana:grafana "$state/plugins"
  echo "$GRAFANA_PLUGIN_VERSION" >"$state/plugins/.$plugin-version"
fi

# With it Grafana encrypts the passwords of its data sources; like its database it lives and goes with the machine.
if [[ ! -s $state/secret-key ]]; then
  (umask 0077 && head --bytes 32 /dev/urandom | base64 >"$state/secret-key.new")
  chown grafana:grafana "$state/secret-key.new"
  mv "$state/secret-key.new" "$state/secret-key"
fi
aurora machine secrets --out "$secrets" --mode 0400 --owner grafana:grafana \
  "grafana-admin=secretsmanager:aurora/$AURORA_DEPLOYMENT/grafana-admin"
chown grafana:grafana "$secrets"
