#!/usr/bin/env bash
# Builds the images with a real Docker engine, starts the service with three workers, and checks it:
# every row of a large CSV against scores computed in process, also while a worker is killed; and
# the properties of the containers that docker-compose.yml promises. Stops everything at the end.
#
#   ROWS=200000 PYTHON=.venv/bin/python deploy/test-compose.sh
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
work=$(mktemp -d)
passed=0 failed=0

# Settings in the shell or in a file .env belong to the caller's own service, not to this test.
for name in "${!SCORELANE_@}"; do unset "$name"; done
# The test has its own containers, volumes, network, images, and a free port of the loopback.
export SCORELANE_TAG="test-$$" SCORELANE_PUBLISH="127.0.0.1:"
export SCORELANE_SERVE=fast SCORELANE_LOG_LEVEL=DEBUG
export PYTHONPATH="$PWD" PYTHONUNBUFFERED=1
compose=(docker compose --progress quiet --env-file /dev/null -p "scorelane-test-$$")

say() { printf '\n[%ss] %s\n' "$SECONDS" "$*"; }

# check "what holds" COMMAND...: run the command, show its output, count its success or failure.
check() {
  local what=$1 began=$SECONDS status=0
  shift
  # In a subshell: a trap that ends this shell must not find its output redirected to the file.
  ("$@") >"$work/output" 2>&1 || status=$?
  sed 's/^/       /' "$work/output"
  if [ "$status" = 0 ]; then
    passed=$((passed + 1)); printf '  ok   %s (%s s)\n' "$what" $((SECONDS - began))
  else
    failed=$((failed + 1)); printf '  FAIL %s (%s s)\n' "$what" $((SECONDS - began))
  fi
  return "$status"
}

end() {
  local status=$?
  trap - EXIT
  if [ "$failed" != 0 ]; then
    say "the containers' last words"
    "${compose[@]}" ps --all || true
    "${compose[@]}" logs --no-color --tail 30 2>&1 | grep -v ' DEBUG ' || true
  fi
  say "stop, and remove containers, volumes and images"
  timeout --foreground 120 "${compose[@]}" down -v --remove-orphans --timeout 20 >/dev/null 2>&1 || status=1
  docker image rm -f "scorelane-api:$SCORELANE_TAG" "scorelane-worker:$SCORELANE_TAG" \
    >/dev/null 2>&1 || true
  rm -rf "$work"
  [ "$failed" = 0 ] || status=1
  [ "$status" = 0 ] || [ "$failed" != 0 ] || say "ended before all was checked"
  printf '\n%s s\n%s passed, %s failed\n' "$SECONDS" "$passed" "$failed"
  exit "$status"
}

engine() {
  docker info >/dev/null 2>&1 && return
  local bring_up=../shared/tools/docker-up.sh
  if [ ! -f "$bring_up" ]; then
    echo "No Docker engine answers. Start one, or let this user reach it (docker info must work)." >&2
    exit 1
  fi
  say "no engine runs: $bring_up"
  bash "$bring_up" install
  bash "$bring_up" start
  bash "$bring_up" images
}

api_url() { echo "http://$("${compose[@]}" port api 5005)"; }

workers() { "${compose[@]}" ps -q worker; }

build() {
  timeout --foreground 540 "${compose[@]}" --progress plain build >"$work/build" 2>&1 ||
    { tail -40 "$work/build"; return 1; }
}

start() { timeout --foreground 240 "${compose[@]}" "$@"; }

# The size of an image of this test, in MB.
size_mb() { echo $(($(docker image inspect -f '{{.Size}}' "scorelane-$1:$SCORELANE_TAG") / 1000000)); }

api_is_small() {
  echo "api $(size_mb api) MB, worker $(size_mb worker) MB"
  # The base image has 218 MB, and pyarrow without its unused libraries 110 MB.
  [ "$(size_mb api)" -lt 400 ] && [ "$(size_mb api)" -lt "$(size_mb worker)" ]
}

api_is_only_the_api() {
  docker run --rm --network none "scorelane-api:$SCORELANE_TAG" python -c '
from importlib.util import find_spec
absent = "tensorflow keras sklearn pandas numpy joblib worker scoring training".split()
found = [name for name in absent if find_spec(name)]
raise SystemExit(f"found {found}" if found else None)'
}

# Each image lists its libraries, and what it lists is what it has.
libraries_are_listed() {
  local service
  for service in api worker; do
    docker run --rm --network none "scorelane-$service:$SCORELANE_TAG" python -c '
import json
from importlib.metadata import version
listed = {one["name"]: one["version"] for one in json.load(open("/app/sbom.cdx.json"))["components"]}
wrong = [name for name, number in listed.items() if version(name) != number]
print(len(listed), "libraries")
raise SystemExit(f"other versions: {wrong}" if wrong or "redis" not in listed else None)' || return 1
  done
}

# Check every container by its configuration, and by trying forbidden actions in it.
contained() {
  local id said status=0
  for id in $("${compose[@]}" ps -q); do
    said=$(docker inspect -f '{{.Name}} user={{.Config.User}} read-only={{.HostConfig.ReadonlyRootfs}} memory={{.HostConfig.Memory}} pids={{.HostConfig.PidsLimit}} caps-dropped={{.HostConfig.CapDrop}}' "$id")
    echo "$said"
    [[ $said =~ user=[a-z]+\ read-only=true\ memory=[1-9][0-9]*\ pids=[1-9][0-9]*\ caps-dropped=\[ALL\] ]] || status=1
    [ "$(docker exec "$id" id -u)" != 0 ] || { echo "it runs as root"; status=1; }
    if docker exec "$id" sh -c ': >/here' 2>/dev/null; then echo "its root is writable"; status=1; fi
  done
  return "$status"
}

published_on_loopback() {
  docker inspect -f '{{.Name}} {{json .NetworkSettings.Ports}}' $("${compose[@]}" ps -q) | tee "$work/ports"
  [ "$(grep -c HostIp "$work/ports")" = 1 ] && grep -q '"HostIp":"127.0.0.1"' "$work/ports"
}

# Print the number of parts of a job that each worker scored, from its log.
several_scored() {
  local id parts scorers=0
  for id in $(workers); do
    parts=$(docker logs "$id" 2>&1 | grep -c "score job=$1 " || true)
    echo "${id:0:12}: $parts parts"
    [ "$parts" = 0 ] || scorers=$((scorers + 1))
  done
  [ "$scorers" -gt 1 ]
}

# Print the parts that the reconciler dispatched again; none if the worker was killed between two
# parts.
two_took_over() {
  "${compose[@]}" logs --no-log-prefix --no-color worker | grep 'WARNING.* reconcile job=' || true
  [ "$(workers | wc -l)" = 2 ]
}

redis_refuses() {
  local said
  said=$(docker exec "$("${compose[@]}" ps -q redis)" redis-cli ping 2>&1) || true
  echo "$said"
  [[ $said == *NOAUTH* ]]
}

# `scorelane doctor` inside the containers finds the service and reports no fault. Its status is 1
# for a warning, such as one of an old Redis in the image.
doctor_finds_no_fault() {
  local status=0
  for service in api worker; do
    echo "$service:"
    "${compose[@]}" exec -T "$service" scorelane doctor || [ $? = 1 ] || status=1
  done
  return "$status"
}

# A later `up -d` leaves as many workers as SCORELANE_WORKERS says.
stays_scaled() {
  SCORELANE_WORKERS=2 start up -d --no-build --wait --wait-timeout 180 || return 1
  SCORELANE_WORKERS=2 start up -d --no-build || return 1
  workers | wc -l
  [ "$(workers | wc -l)" = 2 ]
}

# A browser gets the console, with its files, and a program gets JSON.
shows_the_console() {
  local file
  curl -fsS --noproxy '*' -H 'Accept: text/html' "$url/" | grep '<title>Scorelane' || return 1
  for file in main.js console.css icon.svg; do
    curl -fsS --noproxy '*' -o /dev/null "$url/console/$file" || return 1
  done
  curl -fsS --noproxy '*' "$url/" | grep '"name":"Scorelane"'
}

# Wait up to a minute until at least $1 processes serve.
serves_again() {
  local processes=0
  for _ in $(seq 60); do
    processes=$(curl -fsS --noproxy '*' "$url/readyz" 2>/dev/null |
      sed -n 's/.*"fast@[0-9a-f]*":\([0-9]*\).*/\1/p') || true
    [ "${processes:-0}" -lt "$1" ] || { echo "$processes processes"; return; }
    sleep 1
  done
  echo "only ${processes:-0} processes"
  return 1
}

was_out_of_memory() {
  local restarts oom
  restarts=$(docker inspect -f '{{.RestartCount}}' "$1")
  # For versions 2 and 1 of cgroups.
  oom=$(docker exec "$1" sh -c 'cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control' \
    2>/dev/null | sed -n 's/^oom_kill //p') || true
  echo "restarted $restarts times, ${oom:-0} processes ended"
  [ "$((restarts + ${oom:-0}))" -gt 0 ]
}

refuses_to_be_open() {
  local said
  said=$(docker run --rm --network none -e SCORELANE_PUBLISH=0.0.0.0:5005 \
    "scorelane-api:$SCORELANE_TAG" 2>&1) && return 1
  echo "$said" | grep 'SCORELANE_WITHOUT_KEYS'
}

every_setting_is_handed_on() {
  "$python" - <<'PY'
import pathlib
from shared.config.settings import Settings
compose = pathlib.Path("docker-compose.yml").read_text()
# Paths that are fixed in the images, because volumes are mounted there.
fixed = {"SCORELANE_BLOBS_DIR", "SCORELANE_MODELS_DIR"}
names = {f"SCORELANE_{name.upper()}" for name in Settings.model_fields} - fixed
missing = [name for name in sorted(names) if f" {name}:" not in compose]
raise SystemExit(f"not in docker-compose.yml: {missing}" if missing else None)
PY
}

trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

engine
say "build"
check "both images are built" build || exit 1
check "the API image is small" api_is_small || true
check "the API image holds no model library and no worker code" api_is_only_the_api || true
check "each image lists its libraries" libraries_are_listed || true
check "docker-compose.yml hands on every setting" every_setting_is_handed_on || true

say "start with three workers"
check "all are healthy" start up -d --no-build --wait --wait-timeout 180 --scale worker=3 || exit 1
url=$(api_url)
check "no root, no writable root filesystem, no capability, limits of memory and processes" contained || true
check "only the API is published, on the loopback" published_on_loopback || true
check "a browser gets the console" shows_the_console || true
check "scorelane doctor runs in both images, and finds no fault" doctor_finds_no_fault || true

say "a job of ${ROWS:=200000} rows"
check "rows are made, and scored in process" \
  "$python" deploy/check_rows.py write "$work" models/fast --rows "$ROWS" || exit 1
# By name, because `docker stats` alone would also show containers of other projects.
mapfile -t containers < <("${compose[@]}" ps --format '{{.Name}}')
check "every row is there, in order, and scored as in process" "$python" deploy/check_rows.py \
  job "$url" "$work" --then "docker stats --no-stream ${containers[*]}" || exit 1
check "more than one worker scored it" \
  several_scored "$(sed -n 's/^ *job \([0-9a-f]\{32\}\)$/\1/p' "$work/output")" || true

say "Redis asks for its password, and restarts in the middle of a job"
check "who has no password is refused" redis_refuses || true
check "every row is there once more" "$python" deploy/check_rows.py \
  job "$url" "$work" --then "docker restart $("${compose[@]}" ps -q redis)" || true

say "the network of a worker is cut for 20 seconds"
victim=$(workers | sed -n 1p)
network=$(docker inspect -f '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}' "$victim")
cat >"$work/cut" <<END
docker network disconnect $network $victim && sleep 20 && docker network connect $network $victim
END
check "every row is there once more" "$python" deploy/check_rows.py \
  job "$url" "$work" --then "bash $work/cut" || true
check "the worker has found its way back" serves_again 3 || true

say "a worker has no memory left"
# A program in the worker's container takes all its memory; the worker's processes get the highest
# oom_score_adj, so that the kernel ends them first.
cat >"$work/hog" <<END
docker exec $victim sh -c '
  for one in /proc/[0-9]*; do
    [ \$one = /proc/\$\$ ] || echo 1000 2>/dev/null >\$one/oom_score_adj || true
  done
  exec python -c "held = bytearray(3 * 2**30)"' || true
END
check "every row is there once more" "$python" deploy/check_rows.py \
  job "$url" "$work" --then "bash $work/hog" || true
check "the kernel ended some of its processes" was_out_of_memory "$victim" || true
check "it serves again" serves_again 3 || true

say "others than this machine must bring a key"
check "published without keys, the API does not start" refuses_to_be_open || true

say "the same, and a worker is killed half-way"
victim=$(workers | sed -n 1p)
check "every row is there once more" "$python" deploy/check_rows.py \
  job "$url" "$work" --then "docker kill $victim" || true
check "two workers are left, and took over what it had in hand" two_took_over || true
check "SCORELANE_WORKERS=2 holds over a second \`up -d\`" stays_scaled || true

if [ -f models/deep/card.json ]; then
  say "a worker of the deep model, from a mounted models folder"
  printf 'services: {worker: {volumes: ["%s:/app/models:ro"]}}\n' "$PWD/models" >"$work/own.yml"
  SCORELANE_SERVE=deep check "it is healthy" start -f docker-compose.yml -f "$work/own.yml" \
    up -d --no-build --no-deps --wait --wait-timeout 180 --scale worker=1 worker || true
  check "it scores a text" "$python" deploy/check_rows.py ask "$url" deep || true
  check "it stays in its memory" docker stats --no-stream "$(workers)" || true
fi
