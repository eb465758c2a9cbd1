"""Small specs and data, quick to train."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from s2sgraph.spec import Spec, load

COPYING = """
name: copying
source: {tokens: characters}
target: {tokens: characters}
encoder:
  - embedding: 8
  - gru: 16
decoder:
  - embedding: 8
  - gru: {size: 16, start: encoder.final}
  - output
data: {train: train.tsv, dev: dev.tsv}
train:
  optimizer: {kind: adam, rate: 1e-2}
  batch_size: 8
  steps: 40
  validate_every: 20
  evaluate: {pictures: false}
"""

Writer = Callable[..., Spec]


def pairs(count: int, start: int = 0) -> list[tuple[str, str]]:
    """Short words and themselves again."""
    words = ["".join("abcd"[n // 4**place % 4] for place in range(3)) for n in range(64)]
    return [(words[(start + 7 * n) % 64],) * 2 for n in range(count)]


def tsv(rows: list[tuple[str, str]]) -> str:
    return "".join(f"{source}\t{target}\n" for source, target in rows)


@pytest.fixture
def spec(tmp_path: Path) -> Writer:
    """Writes a spec and its data; settings by key path."""

    def write(text: str = COPYING, /, **changes: Any) -> Spec:
        path = tmp_path / "spec.yaml"
        path.write_text(text)
        for name, rows in (("train", pairs(48)), ("dev", pairs(16, 5))):
            (tmp_path / f"{name}.tsv").write_text(tsv(rows))
        loaded = load(path)
        dotted = {key.replace("__", "."): value for key, value in changes.items()}
        return loaded.set(dotted) if dotted else loaded

    return write
