#!/usr/bin/env bash
# Installs Debian's Chromium, for the tests in a real browser, unless there is a Chromium already.
# A Chromium of another name or place is used if the variable CHROMIUM names it.
set -euo pipefail

if command -v "${CHROMIUM:-chromium}" >/dev/null; then exit; fi
if [ -n "${CHROMIUM:-}" ]; then
  echo "CHROMIUM names no program: $CHROMIUM" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "No program chromium, and no apt-get to install it. Install Chromium or Chrome, and name" \
    "it: make test-browser CHROMIUM=/path/to/chrome" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
  as_root=(sudo -n)
  if ! sudo -n true 2>/dev/null; then
    echo "Installing Chromium needs root. Install it, then call make again:" \
      "sudo apt-get install chromium fonts-dejavu-core" >&2
    exit 1
  fi
fi
echo "Installing Debian's Chromium: half a minute, 130 MB"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
# Without a font all text is a row of boxes, and no picture for the docs can be read.
"${as_root[@]}" apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null
command -v chromium
