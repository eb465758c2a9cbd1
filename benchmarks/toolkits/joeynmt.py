"""Training by JoeyNMT (Kreutzer, Bastings and Riezler 2019), installed beside the project."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from datetime import datetime
from pathlib import Path

from ruamel.yaml import YAML

from benchmarks.toolkits.corpus import Corpus
from benchmarks.toolkits.measured import (
    BATCH_TOKENS,
    LOG_EVERY,
    RATE,
    UPDATES,
    WARMUP,
    Line,
    Training,
    call,
    measured,
)  # fmt: skip

# It imports importlib_metadata without asking for it.
PACKAGES = ("joeynmt==2.3.0", "importlib_metadata")
NEVER = 10**6 * LOG_EVERY


def installed() -> Path:
    """The Python that has JoeyNMT: of an environment in the user's cache, made on first use.

    It sees the packages of the running one, so that both tools train with the same torch; what
    JoeyNMT wants in other versions is installed over them, for it alone.

    Raises:
        SystemExit: it cannot be installed.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "s2sgraph" / f"joeynmt-{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ours = sysconfig.get_path("purelib")
    if not (folder / "installed").exists():
        print(f"installing {PACKAGES[0]} in {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    paths = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    theirs = subprocess.run(paths, check=True, capture_output=True, text=True).stdout.strip()
    Path(theirs, "s2sgraph.pth").write_text(ours + "\n")
    if not (folder / "installed").exists():
        pip = [python, "-m", "pip", "install", "--quiet", *PACKAGES]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(
                f"{done.stderr}\nJoeyNMT cannot be installed; this benchmark needs the network once"
            )
        (folder / "installed").touch()
    return python


def train(python: Path, model: str, corpus: Corpus, folder: Path) -> Training:
    """Train the peer of a model of this folder, by its name."""
    (folder / "config.yaml").write_text(json.dumps(config(model, corpus), indent=1))
    command = [python, "-m", "joeynmt", "train", "config.yaml", "--skip-test"]
    seconds = call(command, folder, "Tokens per Sec")
    text = (folder / "run/train.log").read_text()
    found = re.search(r"Total params: (\d+)", text)
    assert found, "its log says no number of parameters"
    log = [
        Line(datetime.strptime(time, "%Y-%m-%d %H:%M:%S,%f").timestamp(), float(speed))
        for time, speed in re.findall(r"(?m)^(\S+ \S+) .*Tokens per Sec: +(\d+)", text)
    ]
    return measured(int(found[1]), log, seconds)


def config(model: str, corpus: Corpus) -> dict[str, object]:
    """All that JoeyNMT is told; it wants development data, and never gets to read them."""
    file = Path(__file__).with_name(f"joeynmt_{model}.yaml")
    side = {"level": "word", "max_length": 100}
    files = str(corpus.source.with_suffix(""))
    return {
        "name": model,
        "model_dir": "run",
        "use_cuda": False,
        "data": {
            "train": files,
            "dev": files,
            "src": {"lang": corpus.source.suffix[1:], **side},
            "trg": {"lang": corpus.target.suffix[1:], **side},
        },
        "model": YAML(typ="safe").load(file),
        "training": {
            "optimizer": "adam",
            "learning_rate": RATE,
            "learning_rate_min": 0,
            "learning_rate_warmup": WARMUP,
            "scheduling": "warmupinversesquareroot",
            "clip_grad_norm": 1.0,
            "normalization": "tokens",
            "batch_type": "token",
            "batch_size": BATCH_TOKENS,
            "updates": UPDATES,
            "logging_freq": LOG_EVERY,
            "validation_freq": NEVER,
        },
        "testing": {},
    }
