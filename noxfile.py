"""`make pythons`: the quick tests on every Python that shmlab supports, as far as this machine has it.

The supported ones are the classifiers of pyproject.toml. A Python is looked for on the PATH and among those of pyenv;
one that is missing is named at the end, and one on which a test fails makes nox fail. Another: `ARGS="-P 3.14"`.
"""

import os
from pathlib import Path

import nox

PINNED = {"PIP_CONSTRAINT": "constraints.txt", "PIP_BUILD_CONSTRAINT": "constraints.txt"}
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))

os.environ["PATH"] = os.pathsep.join(
    [os.environ.get("PATH", os.defpath), *(str(place) for place in sorted(PYENV.glob("versions/3.*/bin")))]
)
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = False


@nox.session(python=nox.project.python_versions(nox.project.load_toml("pyproject.toml")), venv_backend="venv")
def quick(session: nox.Session) -> None:
    """What `make check` tests."""
    session.install("-e", ".[test]", env=PINNED)
    quick = "not browser and not slow and not faults and not alone and not long"
    session.run("python", "-m", "pytest", "-m", quick, *session.posargs)
