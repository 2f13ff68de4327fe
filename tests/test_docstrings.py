"""Every public name says what it does, what its arguments are, and what it raises. The reference is made of that.

Public is what `shmlab` hands on, what its public modules define, the labs and the views that they return, and all their
methods that do not begin with `_`.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import shmlab
from shmlab.views import notebook
from tests.clone import ROOT

REFERENCE = ROOT / "docs/reference"
FILLING = set(re.findall(r"\w+", "the a an of to in is it this that with and or for at its from one as by be gives"))
# Parts of a view that its base class calls; nobody else has a reason to.
INNER = {"build", "show", "under", "click", "button", "request", "say"}


def defined(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The public functions and classes of a module itself, not what it imports."""
    for name, value in vars(module).items():
        own = getattr(value, "__module__", None) == module.__name__
        if own and not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
            yield f"{module.__name__.removeprefix('shmlab.')}.{name}", value


def roots() -> dict[str, Any]:
    """Every public name and what it stands for."""
    found: dict[str, Any] = {}
    for name in shmlab.__all__:
        value = getattr(shmlab, name)
        found |= dict(defined(value)) if inspect.ismodule(value) else {name: value}
    modules = [import_module(f"shmlab.views.notebook.{one.name}") for one in iter_modules(notebook.__path__)]
    views = {name.rpartition(".")[2]: value for module in modules for name, value in defined(module)}
    for _, function in defined(shmlab.labs):
        if view := views.get(function.__annotations__["return"]):
            found[f"views.{view.__name__}"] = view
    found["check"] = type(shmlab.check)
    return found


def members(name: str, value: Any) -> Iterator[tuple[str, Any, str, str]]:
    """A name, its methods and properties, each with its docstring and with what that leans on."""
    if not inspect.isclass(value):
        text = inspect.getdoc(value) or ""
        elsewhere = re.findall(r"arguments are those of `shmlab\.(\w+)`", text)
        yield name, value, text, " ".join(inspect.getdoc(getattr(shmlab, other)) or "" for other in elsewhere)
        return
    whole = inspect.cleandoc(value.__doc__ or "")
    yield name, value, whole, ""
    for member in dir(value):
        kept = inspect.getattr_static(value, member)
        inner = kept.fget if isinstance(kept, property) else getattr(kept, "__func__", kept)
        ours = inspect.isfunction(inner) and inner.__module__.startswith("shmlab")
        if ours and not member.startswith("_") and member not in INNER:
            yield f"{name}.{member}", inner, inspect.getdoc(getattr(value, member)) or "", whole


PUBLIC = [one for name, root in roots().items() for one in members(name, root)]


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower().replace("_", " ")))


def parameters(value: Any) -> list[str]:
    """Those that somebody who calls it gives. A data class's fields are read, and a view is made by `labs`."""
    given = hasattr(value, "__dataclass_fields__") or value.__module__.startswith("shmlab.views")
    if inspect.isclass(value) and given:
        return []
    try:
        found = inspect.signature(value).parameters.values()
    except ValueError:  # an exception without an __init__ of its own
        return []
    return [one.name for one in found if one.name not in ("self", "cls") and one.kind is not one.VAR_POSITIONAL]


def raised(value: Any) -> set[str]:
    """The errors of shmlab that a function raises in its own lines."""
    if not inspect.isfunction(value):
        return set()
    tree = ast.parse(textwrap.dedent(inspect.getsource(value)))
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    return {name for name in names if hasattr(shmlab.memory.errors, name)}


def test_each_says_what_it_is_in_sentences() -> None:
    for name, value, text, _ in PUBLIC:
        assert re.match(r"[A-Z`]", text), f"{name}: a docstring begins with a capital"
        assert re.search(r"[.:`?]$|^ {4}", text.splitlines()[-1]), f"{name}: it is a sentence"
        named = words(name) | {word for parameter in parameters(value) for word in words(parameter)}
        assert len(words(text) - named - FILLING) >= 2, f"{name}: it says more than its name"


def test_each_says_what_its_parameters_are_where_its_class_does_not() -> None:
    holes = {
        name: [p for p in parameters(value) if not re.search(rf"\b{p}s?\b", f"{text} {around}", re.IGNORECASE)]
        for name, value, text, around in PUBLIC
    }
    assert {name: missing for name, missing in holes.items() if missing} == {}


def test_each_says_which_errors_it_raises() -> None:
    holes = {
        name: {error for error in raised(value) if error not in f"{text} {around}"}
        for name, value, text, around in PUBLIC
    }
    assert {name: missing for name, missing in holes.items() if missing} == {}


def test_the_reference_has_every_public_name() -> None:
    pages = "".join(page.read_text() for page in REFERENCE.glob("*.md"))
    shown = set(re.findall(r"^\.\. auto\w+:: ([\w.]+)$", pages, re.MULTILINE))
    for name in shmlab.__all__:
        value = getattr(shmlab, name)
        places = [getattr(value, "__module__", "")]
        if inspect.ismodule(value):
            where = value.__name__, f"shmlab.{name}"
            inside = [one.rpartition(".")[2] for one, _ in defined(value)]
            places = [value.__name__, *(f"{module}.{one}" for module in where for one in inside)]
        assert {f"shmlab.{name}", *places} & shown, name
    views = {f"{value.__module__}.{value.__name__}" for name, value in roots().items() if name.startswith("views.")}
    assert views <= shown
