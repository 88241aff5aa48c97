#!/usr/bin/env bash
# Installs Debian's Redis for the tests with TLS: the servers in Python packages are built without it.
# Only the package with the program, and not the one that starts a server with the system.
set -euo pipefail

if command -v redis-check-rdb >/dev/null; then exit; fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "No Redis with TLS here: the tests with it are skipped. (sudo apt-get install redis-tools)" >&2
  exit
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends redis-tools >/dev/null
