"""Nobody needs a compiler: every dependency has a wheel for each supported Python, on x86-64 and on aarch64."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = re.findall(r"Python :: (\d\.\d+)", "\n".join(PROJECT["classifiers"]))
RUNNING = "{}.{}".format(*sys.version_info)
PROCESSORS = ("x86_64", "aarch64")
GLIBC = (28, 27, 26, 24, 17)  # of manylinux_2_N: Debian 10 has 28, and every system with Python 3.11 a newer one
UNREACHABLE = re.compile(r"NewConnectionError|ConnectTimeout|NameResolution|from versions: none")


def pins(folder: Path, python: str) -> Path:
    """The pins of a certain Python, without markers: pip would ask the Python that runs it about them."""
    there = {"python_version": python, "python_full_version": f"{python}.9"}
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]
    wanted = [pin for pin in map(Requirement, lines) if pin.marker is None or pin.marker.evaluate(there)]
    path = folder / "pins.txt"
    path.write_text("".join(f"{pin.name}{pin.specifier}\n" for pin in wanted))
    return path


def pip(*arguments: object, folder: Path, python: str = RUNNING) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PIP_CONSTRAINT": str(pins(folder, python)), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=500)


def chosen(folder: Path, *arguments: str, python: str = RUNNING) -> list[dict[str, Any]]:
    """What pip would install from wheels alone."""
    report = folder / "report.json"
    quiet = ("install", "-q", "--dry-run", "--ignore-installed", "--only-binary=:all:", f"--report={report}")
    answer = pip(*quiet, *arguments, folder=folder, python=python)
    assert answer.returncode == 0, answer.stderr
    return list(json.loads(report.read_text())["install"])


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Those of all that shmlab needs that have a wheel for each Python and processor. A pure wheel is good for all.

    Skips where no package index answers: shtab is asked for first, which is small and has a wheel for everybody.
    """
    place = tmp_path_factory.mktemp("index")
    asked = (
        "download",
        "-q",
        "--retries=0",
        "--timeout=20",
        "--no-deps",
        "--only-binary=:all:",
        "-d",
        str(place),
        "shtab",
    )
    answer = pip(*asked, folder=place)
    if answer.returncode and UNREACHABLE.search(answer.stderr):
        pytest.skip("needs the network: no package index answers here")
    assert answer.returncode == 0, answer.stderr
    found = chosen(place, *PROJECT["dependencies"])
    assert len(found) > len(PROJECT["dependencies"])
    wheels = {entry["metadata"]["name"]: entry["download_info"]["url"] for entry in found}
    assert [wheel for wheel in wheels.values() if not wheel.endswith(".whl")] == []
    return [name for name, wheel in wheels.items() if not wheel.endswith("-none-any.whl")]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("processor", PROCESSORS)
def test_every_dependency_has_a_wheel(compiled: list[str], python: str, processor: str, tmp_path: Path) -> None:
    assert "numpy" in compiled and "pyzmq" in compiled
    target = [f"--python-version={python}", "--implementation=cp", f"--target={tmp_path / 'none'}"]
    abis = [f"--abi={abi}" for abi in (f"cp{python.replace('.', '')}", "abi3", "none")]
    platforms = [f"--platform=manylinux_2_{minor}_{processor}" for minor in GLIBC]
    platforms += [f"--platform=manylinux2014_{processor}"]
    wheels = chosen(tmp_path, "--no-deps", *target, *abis, *platforms, *compiled, python=python)
    assert len(wheels) == len(compiled)
