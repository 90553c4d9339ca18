#!/usr/bin/env bash
# Checks the lock file against the RustSec advisories. Without a network there is no database to check against: that is
# said and passed over; an advisory that applies fails.
set -uo pipefail

output=$(cargo deny --log-level error check advisories 2>&1) && { echo "$output"; exit 0; }
if grep -qiE 'failed to (fetch|clone|load|open|update)[^"]*advisor|advisory database' <<<"$output"; then
  echo "advisories: the database cannot be reached, not checked"
  exit 0
fi
echo "$output" >&2
exit 1
