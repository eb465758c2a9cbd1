"""A compiled model: one spec, and everything that can be made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any

from s2sgraph import __version__, weights
from s2sgraph.exporting import ExportError, compact, exporter, replacing
from s2sgraph.graph.given import Given
from s2sgraph.graph.values import Graph
from s2sgraph.model.files import beside, write_together
from s2sgraph.model.graph import ModelGraph
from s2sgraph.model.interface import interface
from s2sgraph.model.lexicon import Lexicon
from s2sgraph.model.recording import DEFAULT_INPUTS
from s2sgraph.model.spelling import spelled, spelling_of
from s2sgraph.model.targets import Target
from s2sgraph.model.traces import Tracing
from s2sgraph.model.vocabularies import (
    Table,
    assumed_sizes,
    banned,
    token_sides,
    vocabularies,
)
from s2sgraph.spec.references import Reference
from s2sgraph.spec.schema import Spec
from s2sgraph.text import Form, Spelling
from s2sgraph.weights import Weights

GRAPHS = ("decode", "score", "encode", "step")


def compile(spec: Spec) -> Model:
    """Check a spec as a model: references, cycles, sizes.

    Raises:
        SpecError: with every problem found, at its place in the text; also for an open vocabulary.
    """
    return Model(spec)


def sketch(spec: Spec) -> Model:
    """A model whose open vocabularies are counted as full, to look at before there is any data.

    Raises:
        SpecError: as `compile`, but not for an open vocabulary.
    """
    return Model(spec, assume=True)


class Model:
    """What can be made of a spec.

    Attributes:
        spec: the spec.
        layers: the layers and their edges.
        vocabularies: the table of each side of tokens, by name.
        assumed: how many symbols the open vocabularies of a sketch are counted as, by side.
    """

    def __init__(self, spec: Spec, *, assume: bool = False) -> None:
        """Resolve and trace; see `compile` and `sketch`."""
        self.spec = spec
        self.layers = ModelGraph(spec)
        self.assumed = assumed_sizes(spec) if assume else {}
        self.vocabularies: dict[str, Table] = vocabularies(spec, self.assumed)
        self._banned = banned(spec, self.vocabularies.get("target"))
        self._shapes = weights.shapes(self.trace("teach"))

    @property
    def symbols(self) -> dict[str, int]:
        """How many symbols each side of tokens has."""
        found = {}
        for name, (side, _) in token_sides(self.spec).items():
            size = self.vocabularies[name].size
            found[name] = size if size is not None else side.size or 0
        return found

    @property
    def weights(self) -> dict[str, tuple[int, ...]]:
        """The shape of every weight by its path."""
        return dict(self._shapes)

    def tracing(
        self,
        outputs: Sequence[str] = (),
        inputs: Sequence[str] = DEFAULT_INPUTS,
        *,
        hard: bool = False,
        lexicon: Lexicon | None = None,
    ) -> Tracing:
        """A tracer with these outputs besides those of the spec.

        `inputs` are the settings of the search that are chosen when a file is run; with `hard`,
        `teach` and `score` choose as decoding does (monotonic attention); with a `lexicon`,
        `decode` gives what that has.

        Raises:
            SpecError: an output is nothing that the model has.
            ExportError: the search has no such setting.
        """
        asked = dict(self.layers.outputs)
        for text in outputs:
            asked[text] = self._output(text)
        tracing = Tracing(
            self.layers, self.symbols, asked, tuple(inputs), hard, self._banned, lexicon
        )
        tracing.check()
        return tracing

    def _output(self, text: str) -> Target:
        """What an output is; `attention` is the weights of the last attention to the memory."""
        attention = self.layers.attention() if text == "attention" else None
        return attention or self.layers.asked(Reference.parse(text))

    def trace(
        self,
        graph: str,
        outputs: Sequence[str] = (),
        inputs: Sequence[str] = DEFAULT_INPUTS,
        *,
        hard: bool = False,
    ) -> Graph:
        """The graph of operations of that name: `teach`, or one of those that are exported.

        Raises:
            SpecError: sizes do not fit; says where.
        """
        return self.tracing(outputs, inputs, hard=hard).graph(graph)

    def initial(self, seed: int = 0) -> Weights:
        """First weights, drawn from a seed."""
        return weights.initial(self.trace("teach"), seed)

    # -- torch ------------------------------------------------------------------------

    def to_torch(
        self,
        seed: int = 0,
        weights: Any = None,
        *,
        graph: str = "teach",
        outputs: Sequence[str] = (),
    ) -> Any:
        """A trainable torch.fx.GraphModule.

        `module(source, source_length, target) -> logits[batch, time, symbol]`: source
        `int64[batch, source]` or `float32[batch, source, feature]`, source_length `int64[batch]`
        (empty: the full width), target from the first symbol to the end symbol, padded. With
        several outputs it returns them by name.

        Args:
            seed: draws the first weights.
            weights: a safetensors file, a mapping or a module to take the weights from instead.
        """
        given = self.initial(seed) if weights is None else self.fitted(weights)
        return exporter("torch").build(self.trace(graph, outputs), given)

    def fitted(self, source: Any) -> Weights:
        """Weights of a file, mapping or module; WeightError if they do not fit the model."""
        return weights.fitted(weights.read(source), self._shapes)

    def emit(
        self, path: str | PathLike[str], weights: Any = None, *, seed: int = 0
    ) -> tuple[Path, Path]:
        """Write the module as one Python file that needs torch alone, and its weights beside it.

        Returns the paths of both, `model.py` and `model.safetensors`. Raises ExportError if one
        cannot be written.
        """
        from safetensors.numpy import save_file

        given = self.initial(seed) if weights is None else self.fitted(weights)
        target = Path(path)
        beside = target.with_suffix(".safetensors")
        module = exporter("torch").build(self.trace("teach"), given)
        text = exporter("torch").source(module, title=self.spec.name, weights=beside.name)
        with replacing(target) as script, replacing(beside) as tensors:
            script.write_text(text, encoding="utf-8")
            save_file(given, tensors)
        return target, beside

    # -- ONNX -------------------------------------------------------------------------

    def inputs(
        self,
        graph: str,
        outputs: Sequence[str] = (),
        inputs: Sequence[str] = DEFAULT_INPUTS,
    ) -> list[Given]:
        """The inputs of a graph."""
        return self.tracing(outputs, inputs).given(graph)

    def export(
        self,
        path: str | PathLike[str],
        weights: Any = None,
        *,
        graph: str = "decode",
        outputs: Sequence[str] = (),
        inputs: Sequence[str] = DEFAULT_INPUTS,
        hard: bool = False,
        lexicon: Lexicon | None = None,
        text: Form | None = None,
        external: bool = False,
        seed: int = 0,
        verify: Callable[[Path], None] | None = None,
    ) -> Path:
        """Write one ONNX file: checked, loaded, compared, and only then given its name.

        Args:
            path: the file to write.
            weights: a safetensors file, a mapping or a module; None draws them from `seed`.
            graph: `decode`, `score`, `encode` or `step`.
            outputs: references of further outputs.
            inputs: settings of the search that are chosen when the file is run.
            hard: `score` chooses as decoding does, where it has the expectation of the choice
                otherwise (monotonic attention).
            lexicon: targets that `decode` gives for known sources, whatever the model says.
            text: lines go in and come out besides ids. `standard` needs characters that the
                client has put U+001F between; `onnxruntime` cuts lines into characters itself.
            external: weights go into NAME.weights.bin beside NAME.onnx. From about 100 MB on such
                a file loads faster and takes less memory.
            verify: called with the written file before it gets its name; by default onnxruntime
                must give what torch gives (numpy where torch is missing).

        Raises:
            ExportError: it could not be written or verified; no file is left.
        """
        if graph not in GRAPHS:
            raise ExportError(f"no graph is called {graph}; there are {', '.join(GRAPHS)}")
        given = self.initial(seed) if weights is None else self.fitted(weights)
        tracing = self.tracing(outputs, inputs, hard=hard, lexicon=lexicon)
        if external:
            names, apart = {graph: Path(path)}, beside(Path(path)).name
            check = None if verify is None else lambda _, file: verify(file)
            write_together(self, names, apart, given, tracing, text, check)
            return Path(path)
        spelling = self.spelling(graph, text)
        target = exporter("onnx")
        with replacing(Path(path)) as temporary:
            about = self.metadata(graph, given, tracing, spelling)
            target.write(tracing.graph(graph), given, temporary, about, spelling)
            if verify is None:
                from s2sgraph.verifying import verify_file

                verify_file(tracing, temporary, graph, given, spelling)
            else:
                verify(temporary)
        return Path(path)

    def export_together(
        self,
        folder: str | PathLike[str],
        weights: Any = None,
        *,
        graphs: Sequence[str] = GRAPHS,
        outputs: Sequence[str] = (),
        inputs: Sequence[str] = DEFAULT_INPUTS,
        lexicon: Lexicon | None = None,
        text: Form | None = None,
        seed: int = 0,
        verify: Callable[[str, Path], None] | None = None,
    ) -> dict[str, Path]:
        """Write a file for each graph into a folder, and weights.bin, which they share.

        As `export` does, and all of them or none. Returns the path of each graph's file.
        """
        unknown = [graph for graph in graphs if graph not in GRAPHS]
        if unknown or len({*graphs}) != len(graphs) or not graphs:
            known = ", ".join(GRAPHS)
            raise ExportError(
                f"graphs are {', '.join(graphs)}; expected some of {known}, once each"
            )
        given = self.initial(seed) if weights is None else self.fitted(weights)
        names = {graph: Path(folder) / f"{graph}.onnx" for graph in graphs}
        tracing = self.tracing(outputs, inputs, lexicon=lexicon)
        write_together(self, names, "weights.bin", given, tracing, text, verify)
        return names

    def spelling(self, graph: str, text: Form | None) -> Spelling | None:
        """What a file reads and writes as text. Raises ExportError for a side that it cannot."""
        if text is None:
            return None
        return spelling_of(self.vocabularies, graph, text, self.layers.copied)

    def metadata(
        self,
        graph: str,
        given: Mapping[str, Any],
        tracing: Tracing | None = None,
        spelling: Spelling | None = None,
    ) -> dict[str, str]:
        """What a file says of itself: enough to run it without anything else."""
        from s2sgraph.spec import dump

        tracing = tracing or self.tracing()
        tables = {name: table.to_json() for name, table in self.vocabularies.items()}
        described = interface(tracing.graph(graph), tracing.given(graph), tracing.counts)
        described["ends"] = self.spec.target.length == "free"
        hashes = {"weights": weights.digest(dict(given))}
        if graph == "decode" and tracing.lexicon is not None:
            described["lexicon"] = len(tracing.lexicon)
            hashes["lexicon"] = tracing.lexicon.digest
        return {
            "s2sgraph.version": __version__,
            "s2sgraph.graph": graph,
            "s2sgraph.spec": dump(self.spec),
            "s2sgraph.interface": compact(spelled(described, spelling) if spelling else described),
            "s2sgraph.vocabularies": compact(tables),
            "s2sgraph.hashes": compact(hashes),
        }

    def show(self, format: str = "text") -> str:
        """The model for the eye: a tree as `text`, or a picture as `mermaid`, `dot` or `svg`."""
        from s2sgraph.model.showing import shown

        return shown(self, format)

    @cached_property
    def parameters(self) -> int:
        """How many numbers are trained."""
        return sum(prod(shape) for shape in self._shapes.values())
