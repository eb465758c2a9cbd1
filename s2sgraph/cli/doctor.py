"""`doctor`: what is installed, and what is missing for which command."""

import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import Annotated, Any

import typer

from s2sgraph import __version__

CORE = (
    "networkx", "numpy", "onnx", "onnx-ir", "onnxruntime", "pydantic", "rich", "ruamel.yaml",
    "safetensors", "tokenizers", "typer",
)  # fmt: skip
EXTRAS = {
    "train": ("torch", "lightning-fabric"),
    "eval": ("rapidfuzz", "sacrebleu"),
    "plot": ("matplotlib",),
    "extensions": ("onnxruntime-extensions",),
    "demo": ("babel",),
}
# What a command needs beyond the core. `export` compares with torch, which made the weights.
NEEDS = {
    "init, check, show, run": (),
    "train, export": EXTRAS["train"],
    "train, eval (figures)": EXTRAS["eval"],
    "train (curves)": EXTRAS["plot"],
    "export, run (subwords by the file)": EXTRAS["extensions"],
}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _providers() -> list[str]:
    try:
        import onnxruntime
    except ImportError as error:
        return [f"none: {error}"]
    return list(onnxruntime.get_available_providers())


def examined() -> dict[str, Any]:
    """Everything that `doctor` prints, as plain values."""
    packages = {name: _version(name) for name in (*CORE, *(p for e in EXTRAS.values() for p in e))}
    return {
        "s2sgraph": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "packages": packages,
        "providers": _providers(),
        "exporters": sorted(point.name for point in entry_points(group="s2sgraph.exporters")),
        "missing": {
            command: [name for name in (*CORE, *needed) if packages[name] is None]
            for command, needed in NEEDS.items()
        },
    }


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show versions, runtime providers, and what is missing for which command."""
    found = examined()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"s2sgraph {found['s2sgraph']}, Python {found['python']} ({sys.executable})")
    console.print(f"{found['machine']}; onnxruntime: {', '.join(found['providers'])}")
    console.print(f"export targets: {', '.join(found['exporters']) or 'none'}\n")
    packages = Table("package", "version", box=None, pad_edge=False)
    for name, number in found["packages"].items():
        packages.add_row(name, number or "not installed")
    console.print(packages)
    commands = Table("\ncommand", "\nmissing", box=None, pad_edge=False)
    for command, missing in found["missing"].items():
        commands.add_row(command, ", ".join(missing) or "nothing")
    console.print(commands)
    lacking = [
        extra for extra, names in EXTRAS.items() if any(not found["packages"][n] for n in names)
    ]
    if lacking:
        console.print(f"\npip install 's2sgraph[{','.join(lacking)}]'", markup=False)
