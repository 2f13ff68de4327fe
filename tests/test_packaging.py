"""What pyproject.toml, constraints.txt, the environment files and the scripts promise, they promise alike."""

import contextlib
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.clone import ROOT

OLDEST = "3.11.2"
PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+( ; [\w. <>='\"]+)?")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]


@pytest.fixture(scope="module")
def environment() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "environment.yml").read_text())


@pytest.fixture(scope="module")
def pins() -> dict[str, str]:
    lines = (line.split(" ;")[0] for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def bounds(requirements: list[str]) -> dict[str, str]:
    return {canonicalize_name(r.name): str(r.specifier) for r in map(Requirement, requirements)}


def test_binder_gets_the_same_environment_as_everybody() -> None:
    assert (ROOT / "binder/environment.yml").read_bytes() == (ROOT / "environment.yml").read_bytes()


def test_the_environment_has_every_dependency_with_the_bounds_of_pyproject(
    project: dict[str, Any], environment: dict[str, Any]
) -> None:
    (pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert bounds(pip) == bounds(project["dependencies"])


def test_the_environment_pins_one_exact_python_that_pyproject_allows(
    project: dict[str, Any], environment: dict[str, Any]
) -> None:
    (python,) = (entry for entry in environment["dependencies"] if str(entry).startswith("python"))
    assert (exact := re.fullmatch(r"python=(\d+\.\d+\.\d+)", python))
    assert Requirement(f"python{project['requires-python']}").specifier.contains(exact[1])


KEYS = {"name", "channels", "dependencies"}  # what both conda and repo2docker read; repo2docker passes over the rest


def test_the_environment_has_no_key_that_binder_does_not_read(environment: dict[str, Any]) -> None:
    assert environment.keys() == KEYS
    assert environment["channels"] == ["conda-forge"]
    tables = [entry for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert [table.keys() for table in tables] == [{"pip"}]
    assert "pip" in environment["dependencies"]  # conda warns where it is left out, and takes any


def test_apt_brings_binder_what_the_lessons_run_beside_python() -> None:
    assert (ROOT / "binder/apt.txt").read_text().split() == ["gcc", "libc6-dev", "strace"]


@pytest.mark.slow  # imports repo2docker
def test_binder_makes_of_the_repository_what_it_is_meant_to(environment: dict[str, Any]) -> None:
    """By repo2docker itself, which writes the image's recipe without an engine to build it."""
    tool = [sys.executable, "-W", "default", "-m", "repo2docker", "--no-build", ROOT]
    made = subprocess.run(tool, capture_output=True, text=True, timeout=110, check=True)
    (python,) = (entry for entry in environment["dependencies"] if str(entry).startswith("python="))
    minor = python.removeprefix("python=").rpartition(".")[0]
    assert f"Building conda environment for python={minor}\n" in made.stderr
    recipe = re.sub(r"\s*\\\n\s*", " ", made.stdout)
    for step in ("gcc libc6-dev strace", '--file "binder/environment.yml"', "RUN ./binder/postBuild"):
        assert step in recipe, step


def test_constraints_hold_names_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("# ") and not PIN.fullmatch(line)] == []
    assert [line for line in lines if "/" in line] == []


def test_constraints_pin_every_direct_dependency_within_its_bounds(
    project: dict[str, Any], pins: dict[str, str]
) -> None:
    extras = project["optional-dependencies"]
    direct = [Requirement(r) for r in project["dependencies"] + extras["test"] + extras["docs"]]
    assert [str(r) for r in direct if not r.specifier.contains(pins.get(canonicalize_name(r.name), "0"))] == []
    assert {canonicalize_name(r.name) for r in direct} <= pins.keys()


def test_every_pin_admits_the_python_of_the_oldest_system() -> None:
    """Debian 12 has 3.11.2. A pin that asks for a later 3.11 has a marker, and another pin for the Pythons before."""
    bare = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line and ";" not in line]
    refused = []
    for line in bare:
        name, version = line.split("==")
        with contextlib.suppress(metadata.PackageNotFoundError):
            about = metadata.metadata(name)
            if about["Version"] == version and about.get("Requires-Python"):
                refused += [line] * (not SpecifierSet(about["Requires-Python"]).contains(OLDEST))
    assert refused == []


def test_the_classifiers_are_the_pythons_that_the_pins_are_tested_with(project: dict[str, Any]) -> None:
    named = re.findall(r"Python :: (\d\.\d+)", "\n".join(project["classifiers"]))
    assert (
        (ROOT / "constraints.txt")
        .read_text()
        .splitlines()[0]
        .endswith(f"Python {', '.join(named[:-1])} and {named[-1]}. Names and versions only.")
    )
    assert project["requires-python"] == f">={named[0]}"


@pytest.mark.parametrize("script", ["binder/postBuild", ".ci/run"])
def test_a_script_is_executable_parses_and_stops_at_the_first_error(script: str) -> None:
    path = ROOT / script
    subprocess.run(["bash", "-n", path], check=True)
    assert os.access(path, os.X_OK)
    assert re.search(r"^set -e", path.read_text(), re.MULTILINE)


PYTHONS = {
    "too old": "exit 1",  # the Makefile asks each Python whether it is new enough
    "without ensurepip": f'PYTHONPATH="$(dirname "$0")/broken" exec {sys.executable} "$@"',
    "missing": None,
}


@pytest.mark.parametrize("fault", PYTHONS)
def test_a_python_that_cannot_make_the_venv_gets_one_sentence_and_leaves_nothing(tmp_path: Path, fault: str) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/ensurepip.py").write_text("raise ImportError")
    python = tmp_path / "python3"
    if script := PYTHONS[fault]:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # of our own run
    command = ["make", "lab", f"PYTHON={python}"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    sentence, make = result.stderr.splitlines()
    assert "`sudo apt install python3-venv` brings" in sentence
    assert make.startswith("make")  # *** [Makefile:…] Error 1
    assert result.returncode != 0
    assert not (tmp_path / ".venv").exists()
