#!/bin/bash
# Installs the pinned ClickHouse. What was downloaded stays on the data volume, so that a machine that takes this one's place
# needs nobody else to start.
set -euo pipefail
: "${CLICKHOUSE_VERSION:?}" "${CLICKHOUSE_URL:?}"

packages=${AURORA_PACKAGES:-/var/lib/clickhouse/packages}
program=/usr/local/bin/clickhouse
installed=/opt/clickhouse-$CLICKHOUSE_VERSION/clickhouse
archive=$packages/${CLICKHOUSE_URL##*/}
patient=(--silent --show-error --fail --location --connect-timeout 20 --retry 8 --retry-connrefused --retry-delay 5)

if [[ ! -x $installed ]]; then
  mkdir -p "$packages"
  if ! (cd "$packages" && sha512sum --check --status "$archive.sha512" 2>/dev/null); then
    # The sum that the deployment pins, or the one that is published beside the archive.
    sum=${CLICKHOUSE_SHA512:-}
    if [[ -z $sum ]]; then
      sum=$(curl "${patient[@]}" --max-time 60 "$CLICKHOUSE_URL.sha512" | cut -d ' ' -f 1)
    fi
    curl "${patient[@]}" --max-time 1800 --output "$archive.part" "$CLICKHOUSE_URL"
    if ! sha512sum --check --status <<<"$sum  $archive.part"; then
      rm -f "$archive.part"
      echo "$CLICKHOUSE_URL is not what it should be: its SHA-512 is not $sum" >&2
      exit 1
    fi
    mv "$archive.part" "$archive"
    printf '%s  %s\n' "$sum" "${archive##*/}" >"$archive.sha512"
  fi
  work=$(mktemp --directory /opt/clickhouse.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  tar --extract --gzip --file "$archive" --directory "$work" --strip-components 3 --wildcards '*/usr/bin/clickhouse'
  chmod 0755 "$work" "$work/clickhouse"
  # One step, so that it is there completely or not at all.
  rm -rf "${installed%/*}"
  mv "$work" "${installed%/*}"
  trap - EXIT
fi
ln --symbolic --force --no-target-directory "$installed" "$program"
# Archives of earlier versions.
find "$packages" -type f ! -name "${archive##*/}*" -delete
