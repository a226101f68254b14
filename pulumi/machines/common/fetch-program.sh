#!/bin/bash
# Puts the program aurora in place, from the account's own bucket, unless it is there already.
set -euo pipefail
: "${AURORA_PROGRAM_URL:?}" "${AURORA_PROGRAM_SHA256:?}" "${AWS_REGION:?}"
# shellcheck source=aws.sh
source /usr/local/lib/aurora/aws.sh

program=/usr/local/bin/aurora
is_it() { [[ -f $1 ]] && sha256sum --check --status <<<"$AURORA_PROGRAM_SHA256  $1"; }

if ! is_it "$program"; then
  # Beside it, so that it appears in one step, complete.
  new=$(mktemp "$program.XXXXXX")
  trap 'rm -f "$new"' EXIT
  signed s3 --output "$new" --max-time 600 "$AURORA_PROGRAM_URL"
  if ! is_it "$new"; then
    echo "what $AURORA_PROGRAM_URL holds is not the program that was deployed: its SHA-256 is not $AURORA_PROGRAM_SHA256. Deploy again" >&2
    exit 1
  fi
  chmod 0755 "$new"
  mv "$new" "$program"
  trap - EXIT
fi
"$program" --version
