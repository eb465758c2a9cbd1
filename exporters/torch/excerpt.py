"""The definitions that a program needs, taken out of the modules where they stand."""

from __future__ import annotations

import ast
import inspect
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Definition:
    """A function or a constant of a module, with what is written of it there.

    Attributes:
        text: its lines, with decorators and, of a constant, its description.
        uses: every name in it.
    """

    text: str
    uses: frozenset[str]


def excerpt(names: Iterable[str], modules: Iterable[ModuleType]) -> str:
    """What these names mean in the modules, and all that this uses there: imports, definitions.

    The modules have `annotations` from the future; of a name in several of them, the first means
    it. Names in none of them, as those of builtins, are passed over. Imports are merged;
    definitions are in the order of the modules.
    """
    definitions: dict[str, Definition] = {}
    imports: dict[str, tuple[str, str]] = {}
    for module in modules:
        text = inspect.getsource(module)
        tree = ast.parse(text)
        for name, definition in _definitions(tree, text.splitlines()):
            definitions.setdefault(name, definition)
        imports |= _imports(tree)
    needed: set[str] = set()
    following = {"annotations", *names}
    while following:
        needed |= following
        used = [definitions[name].uses for name in following if name in definitions]
        following = set().union(*used) - needed
    found = [definition.text for name, definition in definitions.items() if name in needed]
    lines = _written(
        {imports[name] for name in needed if name in imports and name not in definitions}
    )
    return "\n\n\n".join([lines, *found]) + "\n"


def _definitions(tree: ast.Module, lines: list[str]) -> Iterator[tuple[str, Definition]]:
    """The definitions of a module by their names."""
    following = [*tree.body[1:], None]
    for node, after in zip(tree.body, following, strict=True):
        first, last = node.lineno, node.end_lineno
        match node:
            case ast.FunctionDef(name=name, decorator_list=decorators):
                first = min([first, *(decorator.lineno for decorator in decorators)])
            case ast.Assign(targets=[ast.Name(id=name)]):
                if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                    last = after.end_lineno
            case _:
                continue
        uses = frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))
        yield name, Definition("\n".join(lines[first - 1 : last]), uses)


def _imports(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Names that a module imports, each with the module that it is from, "" for a module itself.

    Relative imports are of names that are taken along as definitions.
    """
    found: dict[str, tuple[str, str]] = {}
    for node in tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            continue
        origin = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            found[alias.asname or alias.name] = (origin, ast.unparse(alias))
    return found


def _written(imports: set[tuple[str, str]]) -> str:
    """Lines that import these: of the future, of the standard library, and others."""
    named = defaultdict[str, set[str]](set)
    for origin, name in imports:
        named[origin].add(name)
    modules = sorted(named.pop("", set()))
    lines = [(module, f"import {module}") for module in modules]
    lines += [
        (origin, f"from {origin} import {', '.join(sorted(named[origin]))}")
        for origin in sorted(named)
    ]
    groups: list[list[str]] = [[], [], []]
    for module, line in lines:
        package = module.split(".")[0]
        groups[2 - (package in sys.stdlib_module_names) - (package == "__future__")].append(line)
    return "\n\n".join("\n".join(group) for group in groups if group)
