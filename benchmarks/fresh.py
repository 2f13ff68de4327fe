"""The first commands of the README on systems that have nothing yet: `make fresh`.

    make fresh                              # all of SYSTEMS, half an hour, or less on an idle machine
    make fresh ARGS="--only bookworm"       # one release of Debian
    make fresh ARGS="--skip tests --renew"  # without the tests; with systems that are built anew

Each system is a root file system of Debian packages: make, one Python and its venv package. It has no compiler, no git
and no browser. In it a normal user, whose home is empty but for the files of this clone, runs

1. `make lab`, until this machine's own Chromium sees the slots of the first lesson move;
2. `make check`, the quick tests;
3. `pip install` of the wheel in an environment of its own, then `shmlab doctor`.

What runs there has its own mounts and its own process ids, so it ends with this program and leaves no mount behind,
however this program ends. The network is shared: that is how the browser reaches the server, over loopback.
The table in docs/systems.md is written anew, with its date. Needs root, mmdebstrap, Chromium, and the network.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.write_page import BETWEEN
from shmlab.processes.host import machine
from tests.browser.harness import Notebook, browser, chromium, free_port
from tests.clone import kept

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/systems.md"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shmlab/fresh"
LIMIT = 1800  # seconds for one step: far more than any takes, so that a hanging one ends
USER = 1000
HOME = "/home/student"
SHM = "64m"  # what a container gets by default
PAINTED = "() => [...document.querySelectorAll('.shmlab-slots path')].map(path => path.style.fill).join()"


@dataclass(frozen=True)
class System:
    """A release of Debian and the Python to take there."""

    release: str
    python: str
    packages: tuple[str, ...]

    @property
    def archive(self) -> Path:
        """Where its root file system is kept between runs."""
        mark = hashlib.sha256(" ".join(self.packages).encode()).hexdigest()[:8]
        return CACHE / f"{self.release}-{mark}.tar"


SYSTEMS = (
    System("bookworm", "python3", ("python3", "python3-venv", "make")),  # the oldest Python that is supported
    System("forky", "python3", ("python3", "python3-venv", "make")),
    System("forky", "python3.15", ("python3.15", "python3.15-venv", "make")),
)


@dataclass
class Result:
    """What was seen on one system: a text for each column, and what failed."""

    system: System
    said: dict[str, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


# --- building a system ---------------------------------------------------------------------------


def words(*command: str) -> str:
    """What a command of this machine prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def mirror() -> str:
    """The Debian mirror that this machine's apt uses."""
    targets = words("apt-get", "indextargets", "--format", "$(LABEL)\t$(REPO_URI)")
    found = [line.partition("\t")[2] for line in targets.splitlines() if line.startswith("Debian\t")]
    if not found:
        sys.exit("apt knows no Debian mirror here: `apt-get update` first.")
    return found[0]


def apt_options() -> list[str]:
    """What this machine's apt is told about its connections, and about how old a mirror's lists may be."""
    lines = words("apt-config", "dump", "Acquire").splitlines()
    return [f"--aptopt={line}" for line in lines if re.match(r"Acquire::(Check-\S+|https?::\S*|Retries) ", line)]


def build(system: System, renew: bool) -> None:
    """The archive of a system, unless there is one."""
    if system.archive.exists() and not renew:
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    half = system.archive.with_suffix(".half.tar")
    packages = ",".join((*system.packages, "ca-certificates"))
    command = ["mmdebstrap", "--variant=apt", f"--include={packages}", *apt_options(), system.release, half, mirror()]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=LIMIT)
    half.rename(system.archive)


def pip_configuration() -> tuple[str, list[Path]]:
    """How this machine's pip reaches the package index, as a file for the system; and the certificates it needs."""
    found: dict[str, str] = {}
    for line in words(sys.executable, "-m", "pip", "config", "list").splitlines():
        name, _, value = line.partition("=")
        found.setdefault(name.rpartition(".")[2], value.strip("'\""))  # the environment's come first, and win
    wanted = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "default-timeout", "cert")
    kept = {name: value for name, value in found.items() if name in wanted and "file:" not in value}
    certificates = [Path(kept["cert"])] if "cert" in kept else []
    return "\n".join(["[global]", *(f"{name} = {value}" for name, value in kept.items())]) + "\n", certificates


class Room:
    """A system unpacked, with the user and the clone in it; `start` and `run` start commands there."""

    def __init__(self, place: Path, archive: Path) -> None:
        self.root = place / "root"
        self.root.mkdir()
        subprocess.run(["tar", "-C", self.root, "-xf", archive], check=True, timeout=LIMIT)
        for name in ("etc/resolv.conf", "etc/hosts"):
            shutil.copyfile(f"/{name}", self.root / name)
        configuration, certificates = pip_configuration()
        (self.root / "etc/pip.conf").write_text(configuration)
        for path in certificates:
            (self.root / path.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, self.root / path.relative_to("/"))
        with (self.root / "etc/passwd").open("a") as users:
            users.write(f"student:x:{USER}:{USER}::{HOME}:/bin/sh\n")
        self.home = self.root / HOME[1:]
        for name in sorted(kept()):
            copy = self.home / "shmlab" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy)
        self.own()

    def own(self) -> None:
        """All in the home belongs to its user."""
        subprocess.run(["chown", "-R", f"{USER}:{USER}", self.home], check=True, timeout=60)

    def command(self, script: str) -> list[str]:
        """The command that runs a script of the shell there, as its user, in the folder of the clone."""
        inside = f"cd {HOME}/shmlab && {script}"
        variables = f"HOME={HOME} USER=student LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin"
        root = shlex.quote(str(self.root))
        outside = (
            f"mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev"
            f" && mount -t tmpfs -o size={SHM},mode=1777 tmpfs {root}/dev/shm"
            f" && chroot --userspec={USER}:{USER} {root} env -i {variables} sh -c {shlex.quote(inside)}; exit $?"
        )  # no exec: a process that changes its user is no longer killed with its parent, and the shell in between is
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", outside]

    @contextmanager
    def start(self, script: str, log: IO[str]) -> Iterator[subprocess.Popen[str]]:
        """A command that runs there until this context ends."""
        process = subprocess.Popen(
            self.command(script), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield process
        finally:
            process.kill()  # its child dies with it: the first process there, whose death ends all the others
            process.wait()

    def run(self, script: str, log: IO[str]) -> int:
        """A command that runs there to its end; its exit status."""
        with self.start(script, log) as process:
            return process.wait(LIMIT)


@contextmanager
def room(system: System) -> Iterator[Room]:
    """A system unpacked for as long as the context lasts."""
    place = Path(tempfile.mkdtemp(prefix="shmlab-fresh-"))
    try:
        yield Room(place, system.archive)
    finally:
        shutil.rmtree(place)


# --- what is done there --------------------------------------------------------------------------


def wait(what: str, condition: object, process: subprocess.Popen[str]) -> None:
    """Wait until a condition holds; a process that ends before has failed."""
    end = time.monotonic() + LIMIT
    while not condition():  # type: ignore[operator]
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"no {what}")
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Whether a server is there."""
    try:
        with urlopen(url, timeout=5):
            return True
    except (URLError, OSError):
        return False


def lab(there: Room, python: str, path: Path) -> dict[str, str]:
    """`make lab`, until the slots of the first lesson move."""
    token, port = secrets.token_hex(16), free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = (
        f"--no-browser --port={port} --ServerApp.port_retries=0 --IdentityProvider.token={token}"
        " --LabApp.expose_app_in_browser=True"
    )
    script = f"make lab PYTHON={python} ARGS={shlex.quote(arguments)}"
    with path.open("w") as log, browser() as window:
        began = time.monotonic()
        with there.start(script, log) as process:
            wait("environment", lambda: "Done." in path.read_text(), process)
            installed = time.monotonic()
            wait("server", lambda: answers(f"{url}/api/status?token={token}"), process)
            ready = time.monotonic()
            server = SimpleNamespace(url=url, token=token)
            book = Notebook(window, server, "notebooks/00_start_here.ipynb")  # type: ignore[arg-type]
            book.command("notebook:run-all-cells")
            book.page.wait_for_function(f"{PAINTED}", timeout=LIMIT * 1000)
            first = book.page.evaluate(PAINTED)
            book.page.wait_for_function(f"first => ({PAINTED})() !== first", arg=first, timeout=LIMIT * 1000)
            moved = time.monotonic()
    return {
        "set up": seconds(installed - began),
        "JupyterLab answers": seconds(ready - installed),
        "slots move": seconds(moved - ready),
        "`make lab` in all": seconds(moved - began),
    }


def tests(there: Room, python: str, path: Path) -> dict[str, str]:
    """`make check`: what the tests need beside the course is installed, then they run."""
    began = time.monotonic()
    with path.open("w") as log, there.start(f"make check PYTHON={python}", log) as process:
        wait("environment for the tests", lambda: "Done." in path.read_text(), process)
        installed = time.monotonic()
        status = process.wait(LIMIT)
    summary = re.findall(r"^=+ (.*\d+ passed.*) =+$", path.read_text(), re.MULTILINE)
    if status or not summary:
        raise RuntimeError(f"`make check` failed: {', '.join(summary) or f'exit status {status}'}")
    counted = re.sub(r" in [\d.]+s.*", "", summary[-1])
    return {
        "more for the tests": seconds(installed - began),
        "`make check`": f"{seconds(time.monotonic() - installed)}: {counted}",
    }


def wheel(there: Room, python: str, path: Path) -> dict[str, str]:
    """The wheel in an environment of its own, and `shmlab doctor`."""
    with tempfile.TemporaryDirectory() as folder, path.open("w") as log:
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT, timeout=LIMIT)
        (built,) = Path(folder).glob("*.whl")
        shutil.copy2(built, there.home)
    there.own()
    script = (
        f"{python} -m venv ../installed && ../installed/bin/pip install --quiet --only-binary :all: ../{built.name}"
    )
    with path.open("a") as log:
        began = time.monotonic()
        if there.run(f"PIP_CONSTRAINT=constraints.txt sh -c {shlex.quote(script)}", log):
            raise RuntimeError("pip could not install the wheel")
        installed = time.monotonic()
        if there.run("cd && installed/bin/shmlab doctor", log):
            raise RuntimeError("`shmlab doctor` found something essential wrong")
    return {
        "`pip install` of the wheel": seconds(installed - began),
        "`shmlab doctor`": seconds(time.monotonic() - installed),
    }


STEPS = {"lab": lab, "tests": tests, "wheel": wheel}


def seconds(value: float) -> str:
    """A time as the table shows it."""
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"


# --- the program ---------------------------------------------------------------------------------


def look(system: System, skip: list[str]) -> Result:
    """Do every step on one system. One that fails is told with the end of what it said, and the next one is tried."""
    result = Result(system)
    with room(system) as there, tempfile.TemporaryDirectory(prefix="shmlab-fresh-log-") as logs:
        log = Path(logs) / "version.txt"
        with log.open("w") as file:
            there.run(f"{system.python} -V", file)
        version = re.search(r"Python \S+", log.read_text())
        debian = (there.root / "etc/debian_version").read_text().strip()
        result.said["system"] = f"Debian {debian}, {version[0] if version else system.python}"
        for name, step in STEPS.items():
            if name in skip:
                continue
            log = Path(logs) / f"{name}.txt"
            try:
                result.said |= step(there, system.python, log)
            except Exception as error:
                result.failed.append(f"{name}: {error}")
                result.said[name] = "failed"
                print(f"{result.said['system']}: {error}. The end of what it said:\n{log.read_text()[-4000:]}")
    return result


def table(results: list[Result]) -> str:
    """A row for each thing, a column for each system."""
    rows = list(dict.fromkeys(name for result in results for name in result.said if name != "system"))
    lines = [
        "| | " + " | ".join(result.said["system"] for result in results) + " |",
        "|---|" + "--:|" * len(results),
        *(f"| {row} | " + " | ".join(result.said.get(row, "") for result in results) + " |" for row in rows),
    ]
    return "\n".join(lines)


def record(results: list[Result], about: dict[str, str]) -> str:
    """The table with its date and the machine as it was before, in docs/systems.md."""
    where = f"{about['processor']}; {about['system']}; load before: {about['load']}"
    text = f"Run {time.strftime('%Y-%m-%d')} on {where}.\n\n{table(results)}"
    PAGE.write_text(BETWEEN.sub(lambda found: found[1] + text + found[2], PAGE.read_text(), count=1))
    return text


def main() -> int:
    """Exit status 1 if a step failed somewhere."""
    parser = argparse.ArgumentParser(prog="make fresh", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", metavar="RELEASE", help="only this release of Debian; docs are not written")
    parser.add_argument(
        "--skip", metavar="STEP", action="append", default=[], choices=STEPS, help="lab, tests or wheel"
    )
    parser.add_argument("--renew", action="store_true", help="build the systems anew")
    options = parser.parse_args()
    missing = [tool for tool in ("mmdebstrap", "unshare", "chroot", "apt-config") if not shutil.which(tool)]
    if os.geteuid() or missing or not chromium():
        print("`make fresh` needs root, and `apt install mmdebstrap chromium`, on Debian or Ubuntu.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was unpacked is removed
    systems = [system for system in SYSTEMS if options.only in (None, system.release)]
    for system in systems:
        build(system, options.renew)
    about = machine()
    results = [look(system, options.skip) for system in systems]
    print(table(results) if options.only or options.skip else record(results, about))
    return int(any(result.failed for result in results))


if __name__ == "__main__":
    sys.exit(main())
