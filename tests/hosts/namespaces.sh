#!/usr/bin/env bash
# Runs a command in namespaces of its own, where it may make hosts: networks, names and processes.
# Nothing of it is seen outside, and all of it ends with the command.
#
#   bash tests/hosts/namespaces.sh COMMAND...
set -euo pipefail

refuse() {
  echo "make test-hosts: $*" >&2
  exit 1
}

if [ "$(uname -s)" != Linux ]; then
  refuse "hosts are made of Linux's network namespaces, and this is $(uname -s)."
fi
missing=()
command -v ip >/dev/null || missing+=(iproute2)
command -v unshare >/dev/null && command -v nsenter >/dev/null || missing+=(util-linux)
if [ "${#missing[@]}" != 0 ]; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
    echo "Installing Debian's ${missing[*]}: under 5 MB"
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
  else
    refuse "install ${missing[*]} first; this needs root: sudo apt-get install ${missing[*]}"
  fi
fi

namespaces=(--net --uts --mount --pid --fork --kill-child --mount-proc)
# Who is not root here may still be root in a namespace, if the kernel lets users make such.
[ "$(id -u)" = 0 ] || namespaces=(--user --map-root-user "${namespaces[@]}")
if ! said=$(unshare "${namespaces[@]}" true 2>&1); then
  refuse "this kernel or container lets $(id -un) make no namespaces ($said)." \
    "Run it as root on a machine of your own, or in a container with --privileged."
fi
if ! said=$(unshare "${namespaces[@]}" bash -c \
  'ip link add switch type bridge && ip link add cable type veth peer name end' 2>&1); then
  refuse "this kernel has no bridges or no pairs of network interfaces ($said)." \
    "Load its modules: modprobe bridge veth"
fi

# bash is the first process, because pytest does not wait for processes that others have left.
TEST_NAMESPACES=1 exec unshare "${namespaces[@]}" bash -c \
  'ip link set lo up; "$@"; exit $?' - "$@"
