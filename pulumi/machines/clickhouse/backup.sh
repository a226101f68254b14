#!/bin/bash
# Backs ClickHouse up to S3: everything once a week, what is new since then on the other days.
#
# In three parts, in this order, because the journal must never tell of rows that are not in the backup: first Aurora's own
# tables, then the events, then the dead letters (a row that was made of one needs it to be there). What lands meanwhile is
# ahead of the journal, where nodes look for it when they settle. See docs/machines.md.
set -euo pipefail
: "${AURORA_DEPLOYMENT:?}" "${AURORA_BACKUP_URL:?}"
# shellcheck source=../common/aws.sh
source /usr/local/lib/aurora/aws.sh
# shellcheck source=clickhouse.sh
source /usr/local/lib/aurora/clickhouse.sh

state=${AURORA_BACKUP_STATE:-/var/lib/clickhouse/backups}
full_every_days=7
started=$(date +%s)

# The last full backup that ended well: its name, and when it began.
base='' base_started=0
if [[ -f $state/base ]]; then
  read -r base base_started <"$state/base"
fi
# An hour less, so that a timer that is a little early is not a day late.
if ((started - base_started >= full_every_days * 86400 - 3600)); then
  base=''
fi
kind=full
if [[ -n $base ]]; then
  kind=incremental
fi
name=$(date --utc --date "@$started" +%Y%m%dT%H%M%SZ)-$kind

bytes=0
part() {
  local part=$1 what=$2 settings='' id
  if [[ -n $base ]]; then
    settings="SETTINGS base_backup = Disk('backups', '$base/$part')"
  fi
  id=$(ask "BACKUP $what TO Disk('backups', '$name/$part') $settings FORMAT TSV" | cut -f 1)
  bytes=$((bytes + $(ask "SELECT compressed_size FROM system.backups WHERE id = '$id'")))
}
part 1-aurora 'DATABASE aurora EXCEPT TABLES aurora.dead_letters'
part 2-events 'DATABASE events'
part 3-dead-letters 'TABLE aurora.dead_letters'

ended=$(date +%s)
manifest=$(mktemp)
trap 'rm -f "$manifest"' EXIT
printf '{"name": "%s", "kind": "%s", "base": "%s", "started": %d, "ended": %d, "bytes": %d, "clickhouse": "%s"}\n' \
  "$name" "$kind" "$base" "$started" "$ended" "$bytes" "$(ask 'SELECT version()')" >"$manifest"
# What has a manifest is complete; `latest` names the last of those.
signed s3 --output /dev/null --max-time 60 --upload-file "$manifest" "${AURORA_BACKUP_URL}$name/manifest.json"
printf '%s\n' "$name" >"$manifest"
signed s3 --output /dev/null --max-time 60 --upload-file "$manifest" "${AURORA_BACKUP_URL}latest"
if [[ $kind == full ]]; then
  printf '%s %d\n' "$name" "$started" >"$state/base.new"
  mv "$state/base.new" "$state/base"
fi
echo "backed up as $name: $bytes bytes in $((ended - started)) s"
# After each success, however little is new: an alarm waits for it. Not worth another backup if it cannot be said.
if ! put_metric BackupBytes "$bytes" Bytes; then
  echo "the figure BackupBytes cannot be published: the alarm on missing backups will ring though this one is complete" >&2
fi
