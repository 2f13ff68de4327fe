"""The imports of shmlab, read from its files: for the rule of docs/architecture.md, and for its picture."""

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

from tests.clone import ROOT

PACKAGE = ROOT / "shmlab"


@dataclass(frozen=True, slots=True)
class Import:
    """One import: which module imports which, and in which line. Names of modules are dotted, without `shmlab.`."""

    importer: str
    imported: str
    line: int


@functools.cache
def modules() -> dict[str, Path]:
    """The file of each module. The face of the package, `shmlab` itself, is the empty name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@functools.cache
def tree(module: str) -> ast.Module:
    """The syntax of a module."""
    return ast.parse(modules()[module].read_text())


def package(module: str) -> str:
    """The package that a module belongs to; `labs` is one by itself."""
    return module.partition(".")[0]


@functools.cache
def imports() -> tuple[Import, ...]:
    """Every import of one module by another, wherever it stands: at the top, in a function, for types only."""
    found = []
    for module in modules():
        for node in ast.walk(tree(module)):
            for name in _named(node):
                if name == "shmlab" or name.startswith("shmlab."):
                    target = name.removeprefix("shmlab").removeprefix(".")
                    while target not in modules():
                        target = target.rpartition(".")[0]  # what is imported is a name inside a module
                    found.append(Import(module, target, getattr(node, "lineno", 0)))
    return tuple(found)


def _named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert not node.level, "an import that is relative to its package"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def circles(edges: set[tuple[str, str]]) -> list[list[str]]:
    """The groups of modules that import one another in a circle (strongly connected components, by Tarjan)."""
    following: dict[str, list[str]] = {}
    for one, other in edges:
        following.setdefault(one, []).append(other)
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(one: str) -> None:
        index[one] = low[one] = len(index)
        stack.append(one)
        for other in following.get(one, ()):
            if other not in index:
                visit(other)
            if other in stack:
                low[one] = min(low[one], low[other])
        if low[one] == index[one]:
            group = stack[stack.index(one) :]
            del stack[stack.index(one) :]
            if len(group) > 1:
                found.append(sorted(group))

    for one in sorted(following):
        if one not in index:
            visit(one)
    return found
