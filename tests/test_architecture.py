"""The figures and directions that bind the whole project, found by reading the sources."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import networkx
import pytest

import s2sgraph

ROOT = Path(__file__).parent.parent
# Where each top-level package of ours is kept in the tree.
PACKAGES = {"s2sgraph": ROOT / "s2sgraph", "s2sgraph_exporters": ROOT / "exporters"}
LINES_AT_MOST = 450
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base"}
TORCH_PACKAGES = {"torch", "lightning", "lightning_fabric"}
MAY_IMPORT_TORCH = ("s2sgraph_exporters.torch", "s2sgraph.train")

# What each part may import, besides itself and the top of the package. "spec.kinds" means that
# module only. A new part of the package needs a row here.
PARTS = {"layers", "attention", "search"}
# What kinds are written with; not the reading of a spec, nor its schema.
WORDS = {
    f"spec.{module}" for module in ("fields", "kinds", "references", "settings", "sides", "starts")
}
MAY_IMPORT: dict[str, set[str]] = {
    "": set(),
    "__main__": {"cli"},
    "spec": set(),
    "graph": set(),
    "passes": {"graph"},
    "attention": {"graph"} | WORDS,
    "layers": {"graph", "attention"} | WORDS,
    "search": {"graph"} | WORDS,
    "metrics": WORDS,
    "pictures": set(),
    "evaluating": {"metrics", "runtime", "data", "text"},
    "weights": {"graph"},
    "ties": {"graph", "exporting"},
    "verifying": {"graph", "exporting", "runtime", "text", "ties", "weights"},
    "model": {"spec", "graph", "passes", "text", "exporting", "verifying", "weights"} | PARTS,
    "exporting": {"spec", "graph", "passes", "text", "runtime"},
    "exporters": {"graph", "passes", "model", "exporting", "text"},
    "text": set(),
    "data": {"text"},
    "runtime": {"text"},
    "serve": {"runtime", "text"},
    "train": {
        "spec", "graph", "passes", "model", "exporting", "text", "data", "weights", "runtime",
        "metrics", "evaluating", "pictures",
    },
    "demo": {"spec", "model", "exporting", "text", "data", "runtime", "train", "cli"},
    "cli": {
        "spec", "graph", "passes", "model", "exporting", "text", "data", "runtime", "train",
        "serve", "verifying", "evaluating", "metrics", "pictures",
    },
}  # fmt: skip


class Import(NamedTuple):
    """One imported module, and whether only a type checker sees the import."""

    target: str
    line: int
    typing_only: bool


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def imports(source: str, module: str, is_package: bool) -> Iterator[Import]:
    """Every import in `source`, those inside functions too; relative ones resolved."""
    package = module.split(".") if is_package else module.split(".")[:-1]

    def walk(node: ast.AST, typing_only: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, typing_only)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*start, *([node.module] if node.module else [])])
            for alias in node.names:
                yield Import(f"{origin}.{alias.name}", node.lineno, typing_only)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, typing_only or _is_type_checking(node))

    yield from walk(ast.parse(source), False)


def _sources() -> dict[str, Path]:
    found = {}
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join([package, *parts]).removesuffix(".__init__")] = path
    return found


SOURCES = _sources()


def module_of(target: str) -> str | None:
    """The module of ours that a dotted name is, or is defined in; None for others' modules."""
    while target:
        if target in SOURCES:
            return target
        target = target.rpartition(".")[0]
    return None


def area(module: str) -> str:
    package, *parts = module.split(".")
    if package == "s2sgraph_exporters":
        return "exporters"
    return parts[0] if parts else ""


def imports_of(module: str) -> list[Import]:
    path = SOURCES[module]
    text = path.read_text(encoding="utf-8")
    return list(imports(text, module, path.name == "__init__.py"))


def allowed(importer: str, imported: str) -> bool:
    here, there = area(importer), area(imported)
    if here == there or there == "":
        return True
    if not here:  # the public names, resolved on demand
        return True
    inside = imported.removeprefix("s2sgraph.")
    return any(inside == row or inside.startswith(row + ".") for row in MAY_IMPORT[here])


# ------------------------------------------------------------------ the reading itself


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch.nn as nn", "torch.nn"),
        ("def f():\n    from torch import nn", "torch.nn"),
        ("from .types import Axis", "s2sgraph.graph.types.Axis"),
        ("from . import types", "s2sgraph.graph.types"),
        ("from ..passes import place", "s2sgraph.passes.place"),
        ("if True:\n    try:\n        import torch\n    finally:\n        pass", "torch"),
    ],
)
def test_every_form_of_import_is_seen(source: str, expected: str) -> None:
    (found,) = imports(source, "s2sgraph.graph.values", is_package=False)
    assert (found.target, found.typing_only) == (expected, False)


def test_imports_for_type_checkers_are_told_apart() -> None:
    source = "if TYPE_CHECKING:\n    from s2sgraph.model import Model\nimport json"
    found = {i.target: i.typing_only for i in imports(source, "s2sgraph.cli.run", False)}
    assert found == {"s2sgraph.model.Model": True, "json": False}


# ------------------------------------------------------------------ directions


def test_every_part_of_the_package_has_a_row() -> None:
    assert {area(module) for module in SOURCES} <= set(MAY_IMPORT)


def test_the_rows_themselves_have_no_cycle() -> None:
    rows = networkx.DiGraph(
        (here, row.split(".")[0]) for here, row_set in MAY_IMPORT.items() for row in row_set
    )
    assert networkx.is_directed_acyclic_graph(rows)


@pytest.mark.parametrize("module", SOURCES)
def test_imports_point_one_way(module: str) -> None:
    wrong = [
        f"{SOURCES[module].relative_to(ROOT)}:{found.line} imports {found.target}"
        for found in imports_of(module)
        if (target := module_of(found.target))
        # What only a type checker reads may name the caller's type; nothing is loaded by it.
        and not found.typing_only
        and not allowed(module, target)
    ]
    assert not wrong


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = networkx.DiGraph()
    for module in SOURCES:
        for found in imports_of(module):
            target = module_of(found.target)
            if target and not found.typing_only:
                graph.add_edge(module, target)
    circles = [sorted(c) for c in networkx.strongly_connected_components(graph) if len(c) > 1]
    loops = list(networkx.selfloop_edges(graph))
    assert not circles
    assert not loops


@pytest.mark.parametrize("module", SOURCES)
def test_torch_stays_in_its_places(module: str) -> None:
    if module.startswith(MAY_IMPORT_TORCH):
        return
    wrong = [i.line for i in imports_of(module) if i.target.split(".")[0] in TORCH_PACKAGES]
    assert not wrong, f"{SOURCES[module].relative_to(ROOT)} imports torch on lines {wrong}"


def test_the_exporters_are_called_by_their_installed_name() -> None:
    folders = [*PACKAGES.values(), ROOT / "tests", ROOT / "benchmarks"]
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line}"
        for folder in folders
        for path in folder.rglob("*.py")
        for found in imports(path.read_text(encoding="utf-8"), "", is_package=False)
        if found.target.split(".")[0] == "exporters"
    ]
    assert not wrong


# ------------------------------------------------------------------ the public names


def _loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.anchor
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("statement", ["import s2sgraph", "import s2sgraph.cli.main"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    heavy = {"torch", "onnx", "onnxruntime", "onnx_ir", "pydantic", "numpy", "networkx", "rich"}
    assert not heavy & _loaded_after(statement)


def test_the_runtime_loads_no_compiler() -> None:
    # Any file will do to open: what matters is what was imported for it.
    loaded = _loaded_after(
        "import sys\n"
        "from s2sgraph import ModelError, Session\n"
        "try:\n    Session(sys.executable)\nexcept ModelError:\n    pass"
    )
    assert "onnxruntime" in loaded
    assert not {"torch", "onnx", "onnx_ir", "pydantic", "networkx", "ruamel.yaml"} & loaded
    assert not {m for m in loaded if m.startswith(("s2sgraph.spec", "s2sgraph.graph"))}


@pytest.mark.parametrize("name", s2sgraph.__all__)
def test_public_names_resolve(name: str) -> None:
    home = s2sgraph._HOMES.get(name)
    if home and find_spec(home) is None:
        pytest.skip(f"{home} is not written yet")
    assert getattr(s2sgraph, name)
    assert name in dir(s2sgraph)


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'compyle'"):
        s2sgraph.compyle  # noqa: B018


# ------------------------------------------------------------------ files


def _tracked() -> list[Path]:
    # Untracked files that are not ignored count too: they are about to be committed.
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]


TRACKED = _tracked()
PYTHON = [path for path in TRACKED if path.suffix == ".py"]


def test_no_file_is_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in PYTHON
    }
    assert not {name: n for name, n in lengths.items() if n > LINES_AT_MOST}


def test_no_module_has_a_vague_name() -> None:
    vague = [
        str(path.relative_to(ROOT))
        for path in PYTHON
        if VAGUE_NAMES & {part.lstrip("_") for part in path.relative_to(ROOT).with_suffix("").parts}
    ]
    assert not vague


ABSOLUTE_PATH = re.compile(
    r"(?<![\w.~$*<>}])/(?:home|root|Users|work|opt|tmp|mnt)/\w|\b[A-Z]:\\(?:Users|home)\b"
)
REGISTRY_HOST = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|download\.pytorch\.org|deb\.debian\.org"
    r"|index[-]url|registry\.[a-z]+\.[a-z]+/"
)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (ABSOLUTE_PATH, "open('" + "/".join(["", "home", "me", "x"]) + "')"),
        (ABSOLUTE_PATH, "C:" + "\\Users\\me"),
        (REGISTRY_HOST, "pip install -i " + ".".join(["pypi", "org"])),
        (REGISTRY_HOST, "--index" + "-url somewhere"),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


@pytest.mark.parametrize("pattern", [ABSOLUTE_PATH, REGISTRY_HOST], ids=["path", "registry"])
def test_no_tracked_file_names_a_place_outside(pattern: re.Pattern[str]) -> None:
    found = []
    for path in TRACKED:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # binary
        found += [f"{path.relative_to(ROOT)}: {m.group()}" for m in pattern.finditer(text)]
    assert not found
