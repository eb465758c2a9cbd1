"""The graphs of a model, each traced from the same layers, and their inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from s2sgraph.exporting import ExportError
from s2sgraph.graph import trace
from s2sgraph.graph.given import Given
from s2sgraph.graph.trace import Mode
from s2sgraph.graph.types import ShapeError, Type
from s2sgraph.graph.values import Graph, Value
from s2sgraph.model.decoding import decoded, stepped
from s2sgraph.model.recording import Plan
from s2sgraph.model.sources import BATCH, source_inputs
from s2sgraph.model.stepping import Split, split
from s2sgraph.model.teaching import scored, taught
from s2sgraph.search.settings import Setting, Symbols
from s2sgraph.spec.errors import Problem
from s2sgraph.spec.messages import did_you_mean
from s2sgraph.spec.sides import FeatureTarget, TokenTarget


class Tracing(Plan):
    """Traces the graphs of one model."""

    def graph(self, name: str) -> Graph:
        """The graph of that name: `teach`, or one of those that are exported.

        Raises:
            SpecError: sizes do not fit; says where.
        """
        traces: dict[str, Callable[[], Graph]] = {
            "teach": self.teach,
            "score": self.score,
            "decode": self.decode,
            "encode": lambda: self.stepping().encode,
            "step": lambda: self.stepping().step,
        }
        try:
            return traces[name]()
        except ShapeError as error:
            raise self.model.spec.error([self._located(str(error))]) from None

    def given(self, name: str) -> list[Given]:
        """The inputs of the graph of that name."""
        if name == "decode":
            return self.decode_inputs()
        if name == "encode":
            return self.encode_inputs()
        if name == "step":
            return self.stepping().inputs(self.before())
        return [*self.sources(), self.targets(), *self.known_ahead()]

    def _located(self, text: str) -> Problem:
        """An error of a layer being traced, at the layer's place in the spec."""
        path, _, rest = text.partition(": ")
        while path:
            node = self.model.nodes.get(path)
            if node:
                return Problem(node.key_path, rest)
            path = path.rpartition(".")[0]
        return Problem((), text)

    def check(self) -> None:
        """Whether all inputs that are asked for are settings that the search offers.

        Raises:
            ExportError: one is not.
        """
        known = [setting.name for setting in self.possible()]
        for name in self.inputs:
            if name not in known:
                near = did_you_mean(name, known) or f"there are {', '.join(known)}"
                word = self.search.word
                raise ExportError(f"search {word} has no input {name!r} to offer; {near}")

    @property
    def counts(self) -> dict[str, int]:
        """How many symbols there are, for every input that may be one of ids."""
        target = self.symbols.get("target", 0)
        return {**dict.fromkeys(("allowed", "banned", "prefix"), target), **self.symbols}

    # -- inputs -----------------------------------------------------------------------

    def sources(self) -> list[Given]:
        """The inputs of the sources."""
        copied = self.model.copied
        return [replace(given, own=given.name == copied) for given in source_inputs(self.sides)]

    def known_ahead(self) -> list[Given]:
        """The inputs known in advance for every place of the target."""
        axes: tuple[tuple[str, int | None], ...] = ((BATCH, None), ("given ahead", None))
        return [
            Given(
                name,
                Type("float", (*axes, ("feature", values.features))),
                "values known for every place",
            )
            for name, values in self.model.spec.steps.items()
        ]

    def targets(self) -> Given:
        """The target as an input: `y_1` to the end symbol, padded; or frames."""
        axes: tuple[tuple[str, int | None], ...] = ((BATCH, None), ("given time", None))
        if isinstance(self.target, FeatureTarget):
            frames = Type("float", (*axes, ("feature", self.target.features)))
            return Given("target", frames, "frames of each place")
        return Given(
            "target",
            Type("int", axes),
            "ids from the first symbol to the end symbol, padded",
            own=bool(self.model.copied),
        )

    def decode_inputs(self) -> list[Given]:
        """The inputs of the decode graph."""
        inputs = [*self.sources(), *self.known_ahead()]
        if self.target.length == "steps":
            inputs.append(
                Given("steps", Type("int", ((BATCH, None),)), "length of each row of the target")
            )
        return [*inputs, *(one.given() for one in self.possible() if one.name in self.inputs)]

    def possible(self) -> list[Setting | Symbols]:
        """What of the search may be an input."""
        limit = Setting("max_length", "most places of a target", "int", self.search.max_length)
        if not isinstance(self.target, TokenTarget):
            return [limit]
        # A shortlist names symbols of the vocabulary; the words of a sentence are copied anyhow,
        # and a lexicon writes what it has.
        lists = self.search.lists()
        free = not self.model.copied and self.lexicon is None
        kept = [one for one in lists if one.name != "allowed" or free]
        return [limit, *self.search.settings(), *kept]

    def encode_inputs(self) -> list[Given]:
        """The inputs of the encode graph."""
        return [*self.sources(), *self.known_ahead()]

    def before(self) -> Given:
        """What a step reads: the symbol or frame before it."""
        if isinstance(self.target, FeatureTarget):
            frame = Type("float", ((BATCH, None), ("feature", self.target.features)))
            return Given("frame", frame, "frame before; at first from the encode graph")
        token = Type("int", ((BATCH, None),))
        return Given("token", token, "symbol before; at first from the encode graph")

    # -- graphs -----------------------------------------------------------------------

    def teach(self, mode: Mode = "train") -> Graph:
        """Given source and target, the scores of every symbol, or the frames."""
        inputs = [*self.sources(), self.targets(), *self.known_ahead()]
        return self._trace(taught, inputs, "decode" if self.hard else mode)

    def score(self) -> Graph:
        """Given source and target, the log-probability of every target symbol and of the whole."""
        if isinstance(self.target, FeatureTarget):
            return self.teach("score")
        inputs = [*self.sources(), self.targets(), *self.known_ahead()]
        return self._trace(scored, inputs, "decode" if self.hard else "score")

    def decode(self) -> Graph:
        """Given sources, the best target: encoder and search in one graph with one loop."""
        return self._trace(decoded, self.decode_inputs(), "decode")

    def stepping(self) -> Split:
        """Encoder and single step as graphs of their own."""
        return split(self._trace(stepped, self.encode_inputs(), "decode"), self.before())

    def _trace(
        self,
        function: Callable[[Plan, dict[str, Value]], dict[str, Value]],
        inputs: list[Given],
        mode: Mode,
    ) -> Graph:
        types = {given.name: given.type for given in inputs}
        return trace.trace(lambda **given: function(self, given), types, mode=mode)
