#!/usr/bin/env bash
# Prints the paths of a Chrome or Chromium and of a chromedriver of the same version, a line each. CHROME_PATH and
# CHROMEDRIVER name others than those on the PATH.
# With --install: where there is no such pair, installs Debian's, if this user may.
set -uo pipefail

browsers=(chromium chromium-browser google-chrome google-chrome-stable chrome
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
drivers=(chromedriver chromium.chromedriver "${CHROMEWEBDRIVER:-}/chromedriver" /usr/lib/chromium-browser/chromedriver)
[[ -z ${CHROME_PATH:-} ]] || browsers=("$CHROME_PATH")
[[ -z ${CHROMEDRIVER:-} ]] || drivers=("$CHROMEDRIVER")
wanted='Install a Chrome or Chromium and the chromedriver of its version (Debian: apt-get install chromium chromium-driver), or
name them in CHROME_PATH and CHROMEDRIVER.'

# The major version that a program says it has.
version() {
  [[ $("$1" --version 2>/dev/null </dev/null) =~ [0-9]+ ]] && echo "${BASH_REMATCH[0]}"
}

# The first browser for which there is a driver.
find_pair() {
  local browser driver major
  for browser in "${browsers[@]}"; do
    browser=$(command -v "$browser") && major=$(version "$browser") || continue
    for driver in "${drivers[@]}"; do
      driver=$(command -v "$driver") && [[ $(version "$driver") == "$major" ]] || continue
      printf '%s\n' "$browser" "$driver"
      return
    done
  done
  return 1
}

install_debian() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 --quiet --yes)
  command -v apt-get >/dev/null || return
  if ((EUID)); then sudo -n true 2>/dev/null && apt=(sudo -n "${apt[@]}") || return; fi
  echo "Installing chromium and chromium-driver with apt" >&2
  { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends chromium chromium-driver; } >&2
}

find_pair && exit
if [[ ${1:-} == --install && -z ${CHROME_PATH:-}${CHROMEDRIVER:-} ]]; then install_debian && find_pair && exit; fi
echo "No Chrome or Chromium with a chromedriver of the same version. $wanted" >&2
exit 1
