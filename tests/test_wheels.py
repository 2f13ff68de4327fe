"""Nobody needs a compiler: every dependency has a wheel for each supported Python, on x86-64 and on aarch64.

A wheel without compiled code is good for all, so each is asked for once; the others for each Python and processor, and
so is what only another Python needs. pip looks at their metadata and fetches no wheel. It would compare what a wheel
says of Pythons with the one that runs pip, so that is compared here.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.clone import ROOT

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(600)]

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = re.findall(r"Python :: (\d\.\d+)", "\n".join(PROJECT["classifiers"]))
PROCESSORS = ("x86_64", "aarch64")
GLIBC = (28, 27, 26, 24, 17)  # of manylinux_2_N: Debian 10 has 28, and every system with Python 3.11 a newer one
UNREACHABLE = re.compile("NewConnection|ConnectTimeout|NameResolution|No matching distribution|ResolutionImpossible")
Asked = dict[tuple[str, str], Future[list[dict[str, Any]]]]


def needed(python: str) -> dict[str, metadata.Distribution | None]:
    """shmlab's dependencies on that Python, and theirs, and so on; None for what is not installed here."""
    there = {"python_version": python, "python_full_version": f"{python}.9"}
    found: dict[str, metadata.Distribution | None] = {}
    asked: set[tuple[str, str]] = set()
    to_do = [(Requirement(text), "") for text in PROJECT["dependencies"]]
    while to_do:
        requirement, extra_of_parent = to_do.pop()
        if requirement.marker and not requirement.marker.evaluate({**there, "extra": extra_of_parent}):
            continue
        name = canonicalize_name(requirement.name)
        try:
            found[name] = one = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            found[name] = None
            continue
        for extra in {"", *requirement.extras} - {extra for known, extra in asked if known == name}:
            asked.add((name, extra))
            to_do += [(Requirement(text), extra) for text in one.requires or []]
    return found


def pins(folder: Path, python: str) -> Path:
    """The pins of a certain Python, without markers: pip would ask the Python that runs it about them."""
    there = {"python_version": python, "python_full_version": f"{python}.9"}
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]
    wanted = [pin for pin in map(Requirement, lines) if pin.marker is None or pin.marker.evaluate(there)]
    path = folder / f"pins-{python}.txt"
    path.write_text("".join(f"{pin.name}{pin.specifier}\n" for pin in wanted))
    return path


def pip(folder: Path, python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PIP_CONSTRAINT": str(pins(folder, python)), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [sys.executable, "-m", "pip", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=500)


def chosen(folder: Path, python: str, processor: str, names: list[str]) -> list[dict[str, Any]]:
    """The metadata of the wheels that pip would install there."""
    folder.mkdir()
    abis = [f"--abi={abi}" for abi in (f"cp{python.replace('.', '')}", "abi3", "none")]
    platforms = [f"--platform=manylinux_2_{minor}_{processor}" for minor in GLIBC]
    platforms += [f"--platform=manylinux2014_{processor}"]
    target = [f"--python-version={python}", "--implementation=cp", "--target=none", *abis, *platforms]
    options = ["-q", "--dry-run", "--ignore-installed", "--no-deps", "--ignore-requires-python", "--report=report.json"]
    answer = pip(folder, python, "install", "--only-binary=:all:", *options, *target, *names)
    assert answer.returncode == 0, answer.stderr
    return [entry["metadata"] for entry in json.loads((folder / "report.json").read_text())["install"]]


def compiled(python: str) -> list[str]:
    """Those of all that shmlab needs there whose wheels are of one kind of machine, or of which that is not known."""
    return [
        name
        for name, one in needed(python).items()
        if one is None or "Root-Is-Purelib: false" in (one.read_text("WHEEL") or "")
    ]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """For each Python and processor, what pip has found. Most of the time it waits for the network, so two run at once.

    Skips where no package index answers: click is asked for first, which is small and has a wheel for everybody.
    """
    place = tmp_path_factory.mktemp("index")
    probe = ("download", "-q", "--retries=0", "--timeout=20", "--no-deps", "--only-binary=:all:", "--dest=.", "click")
    answer = pip(place, PYTHONS[0], *probe)
    if answer.returncode and UNREACHABLE.search(answer.stderr):
        pytest.skip("needs the network: no package index answers here")
    assert answer.returncode == 0, answer.stderr
    with ThreadPoolExecutor(2) as both:
        return {
            (python, processor): both.submit(
                chosen, place / f"{python}-{processor}", python, processor, compiled(python)
            )
            for python in PYTHONS
            for processor in PROCESSORS
        }


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("processor", PROCESSORS)
def test_every_compiled_dependency_has_a_wheel(wheels: Asked, python: str, processor: str) -> None:
    found = wheels[python, processor].result()
    assert {"numpy", "pyzmq"} <= {canonicalize_name(wheel["name"]) for wheel in found} == set(compiled(python))
    admitted = {wheel["name"]: SpecifierSet(wheel.get("requires_python", "")) for wheel in found}
    assert [name for name, versions in admitted.items() if f"{python}.9" not in versions] == []


def test_every_other_dependency_has_a_wheel_too(wheels: Asked, tmp_path: Path) -> None:
    """Those without compiled code. A package that has only a source archive is built here, and then looks the same."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    names = sorted(needed(python).keys() - set(compiled(python)))
    found = chosen(tmp_path / "index", python, PROCESSORS[0], names)
    assert len(names) > 50 and {canonicalize_name(wheel["name"]) for wheel in found} == set(names)
