"""The image, Binder and docs/deploy.md name the same things as the package itself."""

import json
import re
import tomllib
from typing import Any

import pytest
import yaml

from shmlab.memory import limits
from tests.clone import ROOT

CONTAINER = (ROOT / "Containerfile").read_text()
PAGE = (ROOT / "docs/deploy.md").read_text()
FOR_THE_HUB = {"git", "jupyterhub", "nbgitpuller"}  # that only the image has


@pytest.fixture(scope="module")
def values() -> Any:
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return yaml.safe_load(found[1])


def commands() -> str:
    """The Containerfile's lines, joined where they go on."""
    lines = [line for line in CONTAINER.splitlines() if not line.startswith("#")]
    return re.sub(r"\\\n\s*", "", "\n".join(lines))


def test_the_image_has_what_binder_has() -> None:
    found = re.search(r"apt-get install -y --no-install-recommends ([\w .+-]+?) *&&", commands())
    assert found and set(found[1].split()) - FOR_THE_HUB == set((ROOT / "binder/apt.txt").read_text().split())


def test_the_image_installs_this_package_with_extras_that_exist_and_pinned_versions() -> None:
    found = re.search(r"RUN pip install (.*)", commands())
    assert found and "--constraint /srv/shmlab/constraints.txt" in found[1]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = re.findall(r'"(.*?)"', found[1])
    own = re.fullmatch(r"/srv/shmlab\[([\w,]+)\]", wanted[0])
    assert own and set(own[1].split(",")) <= extras.keys()
    for other in wanted[1:]:
        name, argument = re.fullmatch(r"([\w-]+)==\$\{(\w+)\}", other).groups()  # type: ignore[union-attr]
        assert name in FOR_THE_HUB and re.search(rf"^ARG {argument}=[\d.]+$", CONTAINER, re.MULTILINE)


def test_the_image_has_a_python_that_the_package_takes_and_runs_as_nobody_special() -> None:
    found = re.search(r"^FROM docker\.io/library/python:3\.(\d+)-slim", CONTAINER, re.MULTILINE)
    assert found and int(found[1]) in (11, 12, 13)  # what constraints.txt is for
    assert re.search(r"^USER [1-9]\d*$", CONTAINER, re.MULTILINE)


def test_the_hub_s_values_lower_limits_that_exist_and_fit_into_its_shared_memory(values: Any) -> None:
    asked = {name.removeprefix("SHMLAB_"): int(value) for name, value in values["singleuser"]["extraEnv"].items()}
    largest = {name: getattr(limits, name) for name in asked} | {"MEMORY": limits.MEMORY >> 20}
    assert all(value <= largest[name] for name, value in asked.items())
    (volume,) = values["singleuser"]["storage"]["extraVolumes"]
    (mount,) = values["singleuser"]["storage"]["extraVolumeMounts"]
    assert mount == {"name": volume["name"], "mountPath": "/dev/shm"} and volume["emptyDir"]["medium"] == "Memory"
    assert asked["MEMORY"] < int(volume["emptyDir"]["sizeLimit"].removesuffix("Mi"))
    culling = values["singleuser"]["extraFiles"]["culling"]["data"]["MappingKernelManager"]
    assert culling["cull_interval"] < culling["cull_idle_timeout"] < values["cull"]["timeout"]


def test_the_page_has_the_measured_figures() -> None:
    from benchmarks import students, write_page

    figures = json.loads(students.FIGURES.read_text())
    assert write_page.written(PAGE, students.table(figures)) == PAGE and students.table(figures) in PAGE
    drawing = students.total(figures["one"]["a lab, drawing"], "mib")
    assert drawing < 256 * 1e6 / (1 << 20), "the guarantee in the hub's values is too small"
