"""Nobody needs a compiler: every dependency has a wheel for each supported Python, on x86-64 and on aarch64."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = re.findall(r"Python :: (\d\.\d+)", "\n".join(PROJECT["classifiers"]))
PROCESSORS = ("x86_64", "aarch64")
GLIBC = (28, 27, 26, 24, 17)  # of manylinux_2_N: Debian 10 has 28, and every system with Python 3.11 a newer one
UNREACHABLE = re.compile(r"NewConnectionError|ConnectTimeout|NameResolution|from versions: none")


def pip(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PIP_CONSTRAINT": str(ROOT / "constraints.txt"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=500)


@pytest.fixture(scope="module", autouse=True)
def _index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where no package index answers: shtab is asked for, which is small and has a wheel for everybody."""
    place = tmp_path_factory.mktemp("index")
    asked = ("download", "-q", "--retries=0", "--timeout=20", "--no-deps", "--only-binary=:all:", "-d", place, "shtab")
    answer = pip(*asked, folder=place)
    if answer.returncode and UNREACHABLE.search(answer.stderr):
        pytest.skip("needs the network: no package index answers here")
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("processor", PROCESSORS)
def test_every_dependency_has_a_wheel(python: str, processor: str, tmp_path: Path) -> None:
    abi = f"cp{python.replace('.', '')}"
    platforms = [f"--platform=manylinux_2_{minor}_{processor}" for minor in GLIBC]
    target = [f"--python-version={python}", "--implementation=cp", f"--abi={abi}", "--abi=abi3", "--abi=none"]
    report = tmp_path / "report.json"
    answer = pip(
        *("install", "-q", "--dry-run", "--ignore-installed", "--only-binary=:all:", f"--target={tmp_path / 'none'}"),
        *(*target, *platforms, f"--platform=manylinux2014_{processor}", f"--report={report}"),
        *PROJECT["dependencies"],
        folder=tmp_path,
    )
    assert answer.returncode == 0, answer.stderr
    files = [entry["download_info"]["url"] for entry in json.loads(report.read_text())["install"]]
    assert len(files) > len(PROJECT["dependencies"])
    assert [file for file in files if not file.endswith(".whl")] == []
