"""Hosts on one machine: each has its own network, name, processes and data folder.

They are namespaces of the Linux kernel, joined by a bridge. Their cables can be pulled out without
a word to either end, as on a switch: no program gets a reset, and no address becomes unreachable.
"""

import os
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil
from support.programs import ROOT
from support.waiting import wait_for

#: The environment variable that `tests/hosts/namespaces.sh` sets. Without it this is somebody's
#: own network, and no test may touch that.
MARK = "TEST_NAMESPACES"

#: The bridge that all hosts are on, and the one for those that a test has cut off together.
SWITCH, OTHER_SWITCH = "switch", "switch-2"

#: The hardware address of no host.
_NOBODY = "02:00:00:00:00:ff"

#: The first process of a host. It waits for processes that others have left, as an init does.
_INIT = "sleep infinity & wait"


class Host:
    """A host: processes with an address, a host name and a data folder that no other host sees.

    Attributes:
        name: its name, which its programs see as the name of the machine.
        address: its IPv4 address.
        folder: the path of its data. Each host has another folder at the same path, in memory.
    """

    def __init__(self, name: str, number: int, folder: Path, logs: Path) -> None:
        """Make a host without a cable.

        Args:
            name: its name.
            number: tells it from the others, from 2 to 254.
            folder: an empty folder, which it gets one of its own in the place of.
            logs: the folder for what its programs print.
        """
        self.name, self.address, self.folder = name, f"10.77.0.{number}", folder
        self.mac = mac_of(number)
        self._logs = logs
        self._programs: list[tuple[str, subprocess.Popen[bytes]]] = []
        namespaces = ("--net", "--uts", "--mount", "--pid", "--fork", "--kill-child")
        init = ("unshare", *namespaces, "--mount-proc", "bash", "-c", _INIT)
        with (logs / f"{name}.init.log").open("wb") as log:
            self._unshare = subprocess.Popen(init, stderr=log)
        children = psutil.Process(self._unshare.pid).children
        self.init: psutil.Process = wait_for(lambda: (found := children()) and found[0])
        # From then on `unshare` has made all namespaces.
        wait_for(lambda: self.init.name() in ("bash", "sleep"))
        self.run("hostname", name)
        self.run("mount", "-t", "tmpfs", "none", str(folder))
        # The programs are the same everywhere, as in an image: nothing is shared by writing there.
        self.run("mount", "--bind", str(ROOT), str(ROOT))
        self.run("mount", "-o", "remount,bind,ro", str(ROOT))
        self.run("ip", "link", "set", "lo", "up")

    @property
    def _inside(self) -> list[str]:
        namespaces = ("--net", "--uts", "--mount", "--pid")
        return ["nsenter", "--target", str(self.init.pid), *namespaces, f"--wdns={ROOT}"]

    def run(self, *command: str, env: dict[str, str] | None = None) -> str:
        """Run a command on this host until its end; returns what it prints.

        Raises:
            AssertionError: it has failed.
        """
        done = subprocess.run(
            [*self._inside, *command], capture_output=True, text=True, env=env, check=False
        )
        assert done.returncode == 0, f"{self.name}: {command} failed: {done.stderr}"
        return done.stdout

    def write(self, name: str, content: str | bytes) -> None:
        """Write a file into the data folder of this host, in place of the bytes that it has."""
        content = content.encode() if isinstance(content, str) else content
        command = ["dd", f"of={self.folder / name}", "conv=notrunc", "status=none"]
        subprocess.run([*self._inside, *command], input=content, check=True)

    def start(self, program: str, *command: str, env: dict[str, str]) -> psutil.Process:
        """Start a program on this host; its log is `<host>.<program>.log`."""
        with (self._logs / f"{self.name}.{program}.log").open("ab") as log:
            enters = subprocess.Popen(
                [*self._inside, *command], env=env, stdout=log, stderr=subprocess.STDOUT
            )
        self._programs.append((program, enters))
        children = psutil.Process(enters.pid).children
        return wait_for(lambda: (found := children()) and found[0])

    def terminate(self, program: str) -> None:
        """Send SIGTERM to the programs of a kind that still run."""
        for kind, enters in self._programs:
            if kind == program and enters.poll() is None:
                for one in psutil.Process(enters.pid).children():
                    one.terminate()

    def has_failed(self, program: str) -> bool:
        """Whether the program of a kind that was started last has ended, and not as it should."""
        of_kind = [enters for kind, enters in self._programs if kind == program]
        return bool(of_kind) and of_kind[-1].poll() not in (None, 0)

    def statuses(self, program: str) -> list[int]:
        """The exit statuses of the programs of a kind, which all end now or have ended."""
        return [enters.wait(60) for kind, enters in self._programs if kind == program]

    def die(self) -> None:
        """End all processes of this host at once, as a power cut does. Pull out its cable first."""
        with suppress(psutil.NoSuchProcess):  # it was lost before
            self.init.kill()
        for program in (*(enters for _, enters in self._programs), self._unshare):
            program.wait()


class Network:
    """A switch with hosts."""

    def __init__(self, folder: Path) -> None:
        """Make a switch, and plug in the calling process as the host 1.

        Args:
            folder: for the data folder of each host and for `logs`.
        """
        assert os.environ.get(MARK), "hosts are made in namespaces only; use make test-hosts"
        self.hosts: dict[str, Host] = {}
        self.logs, self._data = folder / "logs", folder / "data"
        self.logs.mkdir()
        self._data.mkdir()
        for switch in (SWITCH, OTHER_SWITCH):
            _ip("link", "add", "name", switch, "type", "bridge")
            _ip("link", "set", switch, "up")
        _ip("link", "set", SWITCH, "address", mac_of(1))
        _ip("address", "add", "10.77.0.1/24", "dev", SWITCH)

    def add(self, name: str) -> Host:
        """Make a host, and plug it in."""
        host = Host(name, len(self.hosts) + 2, self._data, self.logs)
        _ip(
            "link",
            "add",
            "name",
            name,
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            str(host.init.pid),
        )
        host.run("ip", "link", "set", "eth0", "address", host.mac, "up")
        host.run("ip", "address", "add", f"{host.address}/24", "dev", "eth0")
        _ip("link", "set", name, "master", SWITCH, "up")
        # Nobody asks for a hardware address, so a host that is cut off stays silent: otherwise its
        # peers would be told after three seconds that there is no such host.
        self._introduce(host)
        self.hosts[name] = host
        return host

    def _introduce(self, new: Host) -> None:
        _know(new.address, new.mac, SWITCH, None)
        _know("10.77.0.1", mac_of(1), "eth0", new)
        for host in self.hosts.values():
            _know(new.address, new.mac, "eth0", host)
            _know(host.address, host.mac, "eth0", new)

    def unplug(self, *hosts: Host) -> None:
        """Pull out the cable of each of these hosts: what they send and get is lost."""
        for host in hosts:
            _ip("link", "set", host.name, "nomaster")

    def plug(self, *hosts: Host) -> None:
        """Put the cables of these hosts into the switch of all."""
        for host in hosts:
            _ip("link", "set", host.name, "master", SWITCH)

    def set_apart(self, hosts: Iterable[Host]) -> None:
        """Put the cables of these hosts into another switch: they reach each other, and no more."""
        for host in hosts:
            _ip("link", "set", host.name, "master", OTHER_SWITCH)

    def hide(self, one: Host, other: Host) -> None:
        """Let what two hosts send to each other be lost, and nothing else."""
        _know(other.address, _NOBODY, "eth0", one)
        _know(one.address, _NOBODY, "eth0", other)

    def show(self, one: Host, other: Host) -> None:
        """Undo `hide`."""
        _know(other.address, other.mac, "eth0", one)
        _know(one.address, one.mac, "eth0", other)

    def logs_of(self, program: str) -> str:
        """What the programs of a kind have printed, on all hosts."""
        return "".join(path.read_text() for path in sorted(self.logs.glob(f"*.{program}.log")))

    def lose(self, host: Host) -> None:
        """Lose a host for good, its cable first: nobody hears of the end of its programs."""
        self.unplug(host)
        host.die()

    def close(self) -> None:
        """End all hosts, and remove the switches."""
        for host in self.hosts.values():
            # Its network, and the cable with it, would be there for some time after its end.
            subprocess.run(["ip", "link", "delete", host.name], capture_output=True, check=False)
            host.die()
        for switch in (SWITCH, OTHER_SWITCH):
            _ip("link", "delete", switch)


def mac_of(number: int) -> str:
    """The hardware address of the host with this number."""
    return f"02:00:00:00:00:{number:02x}"


def _know(address: str, mac: str, device: str, host: Host | None) -> None:
    command = ("neigh", "replace", address, "lladdr", mac, "dev", device, "nud", "permanent")
    if host is None:
        _ip(*command)
    else:
        host.run("ip", *command)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
