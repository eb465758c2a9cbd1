"""What an exported file says about itself in its metadata.

The keys are `s2sgraph.version`, `s2sgraph.graph`, `s2sgraph.spec` (YAML), and in JSON
`s2sgraph.interface`, `s2sgraph.vocabularies` and `s2sgraph.hashes`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from s2sgraph.runtime.errors import ModelError
from s2sgraph.runtime.external import EXTERNAL, WeightsFile
from s2sgraph.text import Ids, Vocabulary, from_json

GRAPHS = ("decode", "score", "encode", "step")
DTYPES: dict[str, DTypeLike] = {
    "int64": np.int64,
    "float32": np.float32,
    "bool": np.bool_,
    "string": np.object_,
}
OF_TARGET = ("prefix", "banned", "allowed")
"""Inputs that are symbols of the target."""
_MISSING = object()


@dataclass(frozen=True)
class Input:
    """One input. `axes` has a name for each axis, or a number where the size is fixed.

    `default` is the value that means "as the spec says" (-1, or an empty list), and `required`
    is true when there is none. Ids are from 0 to `below` - 1; with `own`, those from the size of
    the vocabulary on are words of a row's own. `separator` stands between the characters of a line,
    where the file cannot cut it.
    """

    name: str
    dtype: str
    axes: tuple[str | int, ...]
    required: bool
    default: Any = None
    meaning: str = ""
    below: int | None = None
    separator: str = ""
    own: bool = False

    @property
    def source(self) -> str:
        """The name of the source that it is, without what marks it as lines."""
        return self.name.removesuffix("_text") if self.dtype == "string" else self.name

    @property
    def type(self) -> str:
        """The type as people write it: `int64[batch, source]`."""
        return type_text(self.dtype, self.axes)

    @property
    def is_setting(self) -> bool:
        """Whether it is a setting of the run rather than data: no axis is the batch."""
        return "batch" not in self.axes


@dataclass(frozen=True)
class Output:
    """One output, with its axes as in `Input`."""

    name: str
    dtype: str
    axes: tuple[str | int, ...]
    meaning: str = ""

    @property
    def type(self) -> str:
        """The type as people write it: `int64[batch, n_best, length]`."""
        return type_text(self.dtype, self.axes)


def type_text(dtype: str, axes: tuple[str | int, ...]) -> str:
    """A type as people write it; a scalar has no brackets."""
    return f"{dtype}[{', '.join(map(str, axes))}]" if axes else dtype


@dataclass(frozen=True)
class Contract:
    """The metadata of a file, read and checked.

    `vocabularies` has an entry for each side; None means feature vectors, or ids without symbols.
    `ends` says whether a target ends with the end symbol. `weights_file` is what must stand beside
    the file, if its weights are not in it, and `lexicon` how many sources it has the targets of.
    """

    version: str
    graph: str
    spec: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    vocabularies: Mapping[str, Vocabulary | Ids | None]
    hashes: Mapping[str, Any]
    ends: bool = True
    weights_file: WeightsFile | None = None
    lexicon: int = 0

    @property
    def settings(self) -> tuple[Input, ...]:
        """The inputs that are settings of the run."""
        return tuple(i for i in self.inputs if i.is_setting)

    @property
    def extended(self) -> bool:
        """Whether the file cuts lines by onnxruntime-extensions."""
        lines = (self.table(given) for given in self.inputs if given.dtype == "string")
        return any(table is not None and table.kind == "subwords" for table in lines)

    def input(self, name: str) -> Input | None:
        """The input of that name, if there is one."""
        return next((i for i in self.inputs if i.name == name), None)

    def table(self, given: Input) -> Vocabulary | Ids | None:
        """The vocabulary that an input is written in."""
        name = "target" if given.name in OF_TARGET else given.source
        return self.vocabularies.get(name)

    @property
    def sources(self) -> tuple[Input, ...]:
        """What the model reads: inputs that have a NAME_length beside them, and lines."""
        return tuple(
            i for i in self.inputs if i.dtype == "string" or self.input(f"{i.name}_length")
        )


def read_contract(metadata: Mapping[str, str]) -> Contract:
    """The contract in a file's metadata. Raises ModelError for a foreign or damaged file."""
    if "s2sgraph.version" not in metadata:
        raise ModelError("not written by s2sgraph (no 's2sgraph.version' in its metadata)")
    graph = metadata.get("s2sgraph.graph", "")
    if graph not in GRAPHS:
        raise ModelError(f"damaged metadata: graph {graph!r}; expected one of {', '.join(GRAPHS)}")
    interface = _json(metadata, "interface", dict)
    vocabularies = {}
    for side, form in _json(metadata, "vocabularies", dict).items():
        try:
            vocabularies[side] = None if form is None else from_json(form)
        except ValueError as error:
            raise ModelError(f"damaged metadata: vocabulary of {side!r}: {error}") from None
    try:
        inputs = tuple(_input(form, vocabularies) for form in interface["inputs"])
        outputs = tuple(Output(**_common(form)) for form in interface["outputs"])
        lexicon = int(interface.get("lexicon", 0))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"damaged metadata: interface: {error}") from None
    if graph == "decode" and "lengths" not in {output.name for output in outputs}:
        raise ModelError("damaged metadata: a decode graph without the output 'lengths'")
    return Contract(
        version=metadata["s2sgraph.version"],
        graph=graph,
        spec=metadata.get("s2sgraph.spec", ""),
        inputs=inputs,
        outputs=outputs,
        vocabularies=vocabularies,
        hashes=_json(metadata, "hashes", dict),
        ends=interface.get("ends") is not False,
        weights_file=_weights_file(metadata),
        lexicon=lexicon,
    )


def _weights_file(metadata: Mapping[str, str]) -> WeightsFile | None:
    if f"s2sgraph.{EXTERNAL}" not in metadata:
        return None
    return WeightsFile.read(_json(metadata, EXTERNAL, dict))


def _json(metadata: Mapping[str, str], key: str, kind: type) -> Any:
    try:
        form = json.loads(metadata[f"s2sgraph.{key}"])
    except KeyError:
        raise ModelError(f"damaged metadata: no 's2sgraph.{key}'") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"damaged metadata: 's2sgraph.{key}' is no JSON ({error})") from None
    if not isinstance(form, kind):
        raise ModelError(f"damaged metadata: 's2sgraph.{key}' is a {type(form).__name__}")
    return form


def _common(form: Mapping[str, Any]) -> dict[str, Any]:
    axes = tuple(form["axes"])
    if not all(isinstance(axis, str | int) for axis in axes):
        raise ValueError(f"axes {axes} of {form['name']!r}")
    if form["dtype"] not in DTYPES:
        raise ValueError(f"dtype {form['dtype']!r} of {form['name']!r}")
    meaning = str(form.get("meaning", ""))
    return {"name": str(form["name"]), "dtype": form["dtype"], "axes": axes, "meaning": meaning}


def _input(form: Mapping[str, Any], vocabularies: Mapping[str, Vocabulary | Ids | None]) -> Input:
    default = form.get("default", _MISSING)
    required = default is _MISSING or default is None
    below, own = form.get("below"), form.get("own") is True
    name = "target" if form["name"] in OF_TARGET else form["name"]
    vocabulary = vocabularies.get(name)
    if below is None and vocabulary is not None and not own:
        below = vocabulary.size
    return Input(
        **_common(form),
        required=required,
        default=None if required else default,
        below=None if below is None else int(below),
        separator=str(form.get("separator", "")),
        own=own,
    )
