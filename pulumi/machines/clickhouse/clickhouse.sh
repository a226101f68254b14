#!/bin/bash
# To be sourced: asking the ClickHouse of this machine as its operator, whose password is a credential of the unit.

# The answer to a statement: ask SQL.
ask() {
  local password
  password=$(<"${CREDENTIALS_DIRECTORY:?}/clickhouse-operator")
  password=${password//\\/\\\\}
  curl --config - --silent --show-error --fail-with-body --connect-timeout 10 --data-binary "$1" \
    "http://127.0.0.1:8123/?wait_end_of_query=1&http_receive_timeout=86400&http_send_timeout=86400" <<CONFIG
header = "X-ClickHouse-User: aurora_operator"
header = "X-ClickHouse-Key: ${password//\"/\\\"}"
CONFIG
}

# Waits until it answers, at most for so many seconds: until_up SECONDS.
until_up() {
  local waited=0
  until ask 'SELECT 1' >/dev/null 2>&1; do
    if ((waited >= $1)); then
      ask 'SELECT 1'
      return 1
    fi
    sleep 1
    waited=$((waited + 1))
  done
}
