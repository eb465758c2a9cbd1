"""The wheel: what is in it, and that it works in an empty folder, away from the tree."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
SPECS = sorted(path.name for path in (ROOT / "specs").glob("*.yaml"))


def done(*words: object, folder: Path, stdin: str = "") -> str:
    """The output of a command that must succeed; it sees nothing of this tree's environment."""
    hidden = ("PYTHON", "VIRTUAL_ENV", "PIP_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    result = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the tree as it is."""
    folder = tmp_path_factory.mktemp("wheel")
    done(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=ROOT)
    (built,) = folder.glob("*.whl")
    return built


class Installed(NamedTuple):
    """An environment with the wheel in it, and an empty folder to work in."""

    programs: Path
    folder: Path

    def s2sgraph(self, *words: object, stdin: str = "") -> str:
        """What the installed command prints."""
        return done(self.programs / "s2sgraph", *words, folder=self.folder, stdin=stdin)

    def python(self, code: str) -> str:
        """What the environment's Python prints."""
        return done(self.programs / "python", "-c", code, folder=self.folder)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel alone in a new environment, which borrows the other packages of this one."""
    home = tmp_path_factory.mktemp("environment")
    done(sys.executable, "-m", "venv", "--without-pip", home / "venv", folder=home)
    python = home / "venv" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    done(*pip, "install", "-q", "--no-deps", "--no-index", wheel, folder=home)
    (site,) = home.glob("venv/lib/python*/site-packages")
    # A path named in a .pth file comes last, and its own .pth files (the development install of
    # this tree is one) are not read.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    (home / "empty").mkdir()
    return Installed(python.parent, home / "empty")


def test_what_is_in_the_wheel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "s2sgraph",
        "s2sgraph_exporters",
    }
    assert {"s2sgraph/py.typed", "s2sgraph_exporters/py.typed"} <= set(names)
    assert [f"s2sgraph/specs/{name}" for name in SPECS] == sorted(
        name for name in names if name.startswith("s2sgraph/specs/") and name.endswith(".yaml")
    )
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert "s2sgraph-0.1.0.dist-info/licenses/LICENSE" in names


def test_every_source_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, package in (("s2sgraph", "s2sgraph"), ("exporters", "s2sgraph_exporters")):
        for path in (ROOT / folder).rglob("*.py"):
            assert f"{package}/{path.relative_to(ROOT / folder).as_posix()}" in names


def test_it_is_the_wheel_that_runs(installed: Installed) -> None:
    places = installed.python(
        "import s2sgraph, s2sgraph_exporters; print(s2sgraph.__file__, s2sgraph_exporters.__file__)"
    )
    for place in places.split():
        assert place.startswith(str(installed.programs.parent / "lib"))


@pytest.mark.parametrize("name", ["exporters", "tests", "specs", "hatch_build"])
@pytest.mark.parametrize("install", ["wheel", "development"])
def test_no_other_package_is_installed(name: str, install: str, installed: Installed) -> None:
    code = f"from importlib.util import find_spec; print(find_spec({name!r}))"
    if install == "wheel":
        found = installed.python(code)
    else:
        found = done(sys.executable, "-c", code, folder=installed.folder)
    assert found == "None\n"


@pytest.mark.parametrize("install", ["wheel", "development"])
def test_exporters_are_found_by_their_entry_points(install: str, installed: Installed) -> None:
    code = (
        "from importlib.metadata import entry_points\n"
        "from importlib.util import find_spec\n"
        "for point in sorted(entry_points(group='s2sgraph.exporters')):\n"
        "    print(point.name, point.value, find_spec(point.value.partition('.')[0]).origin)"
    )
    python = installed.programs / "python" if install == "wheel" else sys.executable
    lines = [line.split() for line in done(python, "-c", code, folder=installed.folder).split("\n")]
    assert [line[:2] for line in lines if line] == [
        ["onnx", "s2sgraph_exporters.onnx"],
        ["torch", "s2sgraph_exporters.torch"],
    ]
    inside = "s2sgraph_exporters" if install == "wheel" else str(ROOT / "exporters")
    assert all(inside in line[2] for line in lines if line)


def test_init_and_check_in_an_empty_folder(installed: Installed) -> None:
    listed = installed.s2sgraph("init")
    assert [f"{line.split()[0]}.yaml" for line in listed.splitlines()] == SPECS
    assert installed.s2sgraph("init", "dates") == "wrote dates.yaml\n"
    assert installed.s2sgraph("check", "dates.yaml") == "dates.yaml: no mistakes\n"


def test_train_export_and_run_in_an_empty_folder(installed: Installed) -> None:
    installed.s2sgraph("init", "dates", "--force")
    closed = [
        word
        for side, symbols in (("source", "3 May201"), ("target", "0123456789-"))
        for word in ("--set", f"{side}.symbols={[*symbols]}")
    ]
    exported = installed.s2sgraph(
        "export", "dates.yaml", "-o", "random.onnx", "--random-weights", *closed
    )
    assert exported.startswith("random.onnx: ")
    lines = installed.s2sgraph("run", "random.onnx", stdin="3 May 2021\n\n1 May 2012\n")
    assert len(lines.split("\n")) == 4
    (installed.folder / "train.tsv").write_text("3 May 2021\t2021-05-03\n" * 8)
    steps = ("--set", "train.steps=1", "--set", "train.schedule=constant", "--set", "data.dev=null")
    installed.s2sgraph("train", "dates.yaml", "-o", "run", *steps)
    assert "weights of run/best.safetensors" in installed.s2sgraph("export", "run", "-o", "m.onnx")
    assert installed.s2sgraph("run", "m.onnx", stdin="3 May 2021\n").endswith("\n")
