"""The packages that shmlab depends on, in the kernel, in the server and in the browser.

A widget has two halves: one in the kernel (ipywidgets, bqplot), one in the page (jupyterlab_widgets and the front end
of bqplot). They communicate, so their versions have to be compatible.
"""

import importlib.metadata as metadata

from shmlab.doctor.finding import Finding, hint

PACKAGES = (
    "jupyterlab",
    "jupyter_server",
    "ipywidgets",
    "jupyterlab_widgets",
    "bqplot",
    "ipykernel",
    "numpy",
    "cloudpickle",
    "rich",
    "click",
)
# what runs in the page, and the package that provides it
PAGES = {"@jupyter-widgets/jupyterlab-manager": "jupyterlab_widgets", "bqplot": "bqplot"}
EXTENSION = "shmlab.views.server_extension"


def missing() -> list[str]:
    """Return the packages that are not installed."""
    absent = []
    for name in PACKAGES:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            absent.append(name)
        except Exception:  # it is installed, if damaged: `package` reports that on its own line
            continue
    return absent


def lack() -> Finding:
    """List all packages that are not installed, on one line."""
    absent = " ".join(missing())
    cure = f"Run `make lab`, which installs them, or: pip install {absent}"
    return Finding("packages", f"missing: {absent}" if absent else "all there", cure if absent else "")


def package(name: str) -> Finding:
    """Check whether it is installed in a version that shmlab works with. Raises PackageNotFoundError."""
    version, allowed = metadata.version(name), _allowed("shmlab", name)
    if _fits(version, allowed):
        return Finding(name, version)
    return Finding(name, version, f"shmlab works with {name}{allowed}: pip install '{name}{allowed}'")


def _bring(name: str) -> str:
    """Return how to install what package `name` provides."""
    return "It comes with the packages that are missing, see above." if missing() else f"Run: pip install {name}"


def widgets() -> Finding:
    """Check whether the two halves of a widget are compatible."""
    try:
        kernel, page = metadata.version("ipywidgets"), metadata.version("jupyterlab_widgets")
    except metadata.PackageNotFoundError as error:
        return Finding("widgets", f"no {error.name}", _bring("ipywidgets"))
    found, wanted = f"ipywidgets {kernel}, jupyterlab_widgets {page}", _allowed("ipywidgets", "jupyterlab_widgets")
    cure = f"They do not fit: pip install 'jupyterlab_widgets{wanted}', then reload the page."
    return Finding("widgets", found, "" if _fits(page, wanted) else cure)


def front_end() -> Finding:
    """Check whether JupyterLab finds the page's half of the widgets, and may use it."""
    try:
        from jupyter_core.paths import jupyter_path
        from jupyterlab_server.config import get_federated_extensions, get_page_config
    except ImportError as error:
        return Finding("front end", f"no {error.name}", _bring("jupyterlab"))
    except OSError as error:
        return Finding("front end", *_unreadable(error))
    try:
        places = jupyter_path("labextensions")
    except RuntimeError as error:
        return Finding("front end", *_homeless(error))
    there, off = get_federated_extensions(places), get_page_config(places).get("disabledExtensions", ())
    for page, name in PAGES.items():
        if page not in there:
            cure = f"Labs would be shown as text only: pip install --force-reinstall {name}"
            return Finding("front end", f"no {page}", cure)
        if page in off:
            return Finding("front end", f"{page} is disabled", f"Run: jupyter labextension enable {page}")
    return Finding("front end", ", ".join(f"{page} {there[page]['version']}" for page in PAGES))


def server() -> Finding:
    """Check whether a Jupyter server of this environment loads shmlab's extension."""
    try:
        from jupyter_core.paths import jupyter_config_path
        from jupyter_server.extension.config import ExtensionConfigManager
    except ImportError as error:
        return Finding("server", f"no {error.name}", _bring("jupyterlab"))
    except OSError as error:
        return Finding("server", *_unreadable(error))
    try:
        places = jupyter_config_path()
    except RuntimeError as error:
        return Finding("server", *_homeless(error))
    if ExtensionConfigManager(read_config_path=places).enabled(EXTENSION):
        return Finding("server", f"{EXTENSION} is enabled")
    slow = "Labs draw fewer frames a second."
    return hint("server", f"{EXTENSION} is not enabled", f"{slow} Run: jupyter server extension enable {EXTENSION}")


def _unreadable(error: OSError) -> tuple[str, str]:
    """Return the finding and the cure if files of an installed package cannot be read."""
    return f"JupyterLab cannot be loaded: {error}", "Install it again: pip install --force-reinstall jupyterlab"


def _homeless(error: RuntimeError) -> tuple[str, str]:
    """Return the finding and the cure if this user has no home directory, as in a container with a numeric user."""
    return str(error), "JupyterLab cannot start without one: set HOME to a folder in which you may write."


def _allowed(whose: str, name: str) -> str:
    """Return the versions of package `name` that package `whose` requires, such as ">=8.1"; "" for all."""
    try:
        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name

        requirements = [Requirement(text) for text in metadata.requires(whose) or ()]
    except (ImportError, metadata.PackageNotFoundError):  # hardly anything is installed, perhaps not even shmlab
        return ""
    wanted = canonicalize_name(name)
    for requirement in requirements:
        if canonicalize_name(requirement.name) == wanted and not requirement.marker:
            return str(requirement.specifier)
    return ""


def _fits(version: str, allowed: str) -> bool:
    if not allowed:
        return True
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(allowed).contains(version, prereleases=True)
