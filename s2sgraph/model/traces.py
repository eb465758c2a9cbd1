"""The graphs of a model, each traced from the same layers: training, scoring, decoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from s2sgraph.graph import trace
from s2sgraph.graph.loops import carry, filled, loop, renew
from s2sgraph.graph.ops import (
    arrange,
    const,
    cover,
    equal,
    every,
    expand,
    extent,
    greatest,
    less,
    log_softmax,
    maximum,
    minimum,
    outer,
    places,
    select,
    shift,
    take,
    total,
    trim,
)
from s2sgraph.graph.trace import Mode
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Graph, Value
from s2sgraph.layers.building import Final
from s2sgraph.layers.starting import value_start
from s2sgraph.model.chains import TIME, Source, Tracer
from s2sgraph.model.graph import ModelGraph
from s2sgraph.model.sources import (
    BATCH,
    Given,
    covered,
    frame_normalize,
    leaving,
    normalized,
    prepare,
    restored,
    source_inputs,
)
from s2sgraph.model.stepping import Split, split
from s2sgraph.model.targets import Target
from s2sgraph.search.greedy import Greedy
from s2sgraph.search.rules import Rules, one_best
from s2sgraph.spec.sides import FeatureSource, FeatureTarget, TokenSource, TokenTarget

ROWS = Type("float", (("batch", None),))


@dataclass
class Tracing:
    """Traces the graphs of one model.

    Attributes:
        model: the layers and their edges.
        symbols: how many symbols the sides of tokens have: `target`, and each source.
        outputs: further values to return, by name.
    """

    model: ModelGraph
    symbols: Mapping[str, int]
    outputs: Mapping[str, Target]

    @property
    def sides(self) -> dict[str, TokenSource | FeatureSource]:
        """The sides of the sources by name."""
        source = self.model.spec.source
        return dict(source) if isinstance(source, dict) else {"source": source}

    @property
    def target(self) -> TokenTarget | FeatureTarget:
        """The side of the target."""
        side = self.model.spec.target
        assert isinstance(side, TokenTarget | FeatureTarget)
        return side

    # -- inputs -----------------------------------------------------------------------

    def sources(self) -> list[Given]:
        """The inputs of the sources."""
        return source_inputs(self.sides)

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
            "target", Type("int", axes), "ids from the first symbol to the end symbol, padded"
        )

    # -- graphs -----------------------------------------------------------------------

    def teach(self, mode: Mode = "train") -> Graph:
        """Given source and target, the scores of every symbol, or the frames."""
        inputs = [*self.sources(), self.targets(), *self.known_ahead()]

        def function(**given: Value) -> dict[str, Value]:
            tracer, found = self._taught(given)
            return self._leave_taught(found, given, tracer)

        return self._trace(function, inputs, mode)

    def score(self) -> Graph:
        """Given source and target, the log-probability of every target symbol and of the whole."""
        if isinstance(self.target, FeatureTarget):
            return self.teach("score")
        inputs = [*self.sources(), self.targets(), *self.known_ahead()]

        def function(**given: Value) -> dict[str, Value]:
            tracer, found = self._taught(given)
            target = covered(given["target"], "given time", TIME, self._pad)
            chosen = take(log_softmax(found.pop("logits"), over="symbol"), target, over="symbol")
            scores = select(equal(target, self._pad), 0.0, chosen)
            first = next(iter(given.values()))
            result = {"scores": leaving(total(scores, over=TIME), first)}
            return {
                **self._leave_taught({"token_scores": scores, **found}, given, tracer),
                **result,
            }

        return self._trace(function, inputs, "score")

    def decode(self) -> Graph:
        """Given sources, the best target: encoder and search in one graph with one loop."""
        return self._trace(self._decoded, self.decode_inputs(), "decode")

    def decode_inputs(self) -> list[Given]:
        """The inputs of the decode graph."""
        inputs = [*self.sources(), *self.known_ahead()]
        if self.target.length == "steps":
            inputs.append(
                Given("steps", Type("int", ((BATCH, None),)), "length of each row of the target")
            )
        limit = Given(
            "max_length", Type("int"), "most places of a target; -1: that of the spec", -1
        )
        return [*inputs, limit]

    def stepping(self) -> Split:
        """Encoder and single step as graphs of their own."""
        whole = self._trace(self._stepped, self.encode_inputs(), "decode")
        return split(whole, self.before())

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

    # -- training and scoring ---------------------------------------------------------

    def _taught(self, given: dict[str, Value]) -> tuple[Tracer, dict[str, Value]]:
        tracer = self._tracer(given)
        tracer.encode()
        before = shift(self._target(given), self._start(tracer), over=TIME)
        ahead = {
            name: covered(given[name], "given ahead", "ahead", 0.0)
            for name in self.model.spec.steps
        }
        tracer.decode(before, ROWS, ahead)
        return tracer, self._found(tracer)

    def _found(self, tracer: Tracer) -> dict[str, Value]:
        """What the output layer gives, by name."""
        output = self._output
        found = tracer.env[output, ""]
        if isinstance(self.target, TokenTarget):
            return {"logits": found}
        frames = {"frames": self._restored(found)}
        if (output, "deviation") in tracer.env:
            frames["deviations"] = self._widened(tracer.env[output, "deviation"])
        return frames

    def _leave_taught(
        self, found: dict[str, Value], given: dict[str, Value], tracer: Tracer
    ) -> dict[str, Value]:
        found = {
            **found,
            **{name: self._asked(tracer, target) for name, target in self.outputs.items()},
        }
        width = extent(given["target"], over="given time")
        like = next(iter(given.values()))
        result = {}
        for name, value in found.items():
            if TIME in value.axes:
                value = trim(value, width, over=TIME, into="given time")
            result[name] = self._left(value, like)
        return result

    def _asked(self, tracer: Tracer, target: Target) -> Value:
        """A further output: a value of the decoder, or of an encoder."""
        found = tracer.read(target)
        if isinstance(found, Final):
            return found.output()
        return found if isinstance(found, Value) else found.values

    def _left(self, value: Value, like: Value) -> Value:
        """A value as it leaves: its own rows and places, batch first."""
        for name in self.sides:
            if name in value.axes:
                source = next(s for s in trace.enclosing()[0].graph.inputs if s.name == name)
                value = trim(
                    value, extent(source, over=f"given {name}"), over=name, into=f"given {name}"
                )
        if "batch" not in value.axes:
            value = expand(value, filled((("batch", None),)), axes=("batch",))
        value = leaving(value, like)
        order = (BATCH, "n_best", "length", "given time", *(f"given {name}" for name in self.sides))
        return arrange(
            value,
            axes=(
                *(a for a in order if a in value.axes),
                *(a for a in value.axes if a not in order),
            ),
        )

    # -- decoding ---------------------------------------------------------------------

    def _decoded(self, **given: Value) -> dict[str, Value]:
        tracer = self._tracer(given)
        tracer.encode()
        ahead = {
            name: covered(given[name], "given ahead", "ahead", 0.0)
            for name in self.model.spec.steps
        }
        rules = self._rules(given, tracer, ahead)
        like = next(iter(given.values()))
        inner = {n: t for n, t in self.outputs.items() if t.chain == "decoder" or t.what == "here"}
        if isinstance(self.target, TokenTarget):
            search = self.model.spec.search
            assert isinstance(search, Greedy)

            def logits(token: Value) -> tuple[Value, dict[str, Value]]:
                tracer.decode(token, ROWS, ahead)
                return self._found(tracer)["logits"], {
                    n: self._asked(tracer, t) for n, t in inner.items()
                }

            found = search.search(logits, rules)
        else:
            found = self._frames(tracer, rules, ahead, inner)
        outside = {n: self._asked(tracer, t) for n, t in self.outputs.items() if n not in inner}
        return {name: self._left(value, like) for name, value in (found | outside).items()}

    def _stepped(self, **given: Value) -> dict[str, Value]:
        """One step of the decoder as the body of a loop, for `split`."""
        tracer = self._tracer(given)
        tracer.encode()
        ahead = {
            name: covered(given[name], "given ahead", "ahead", 0.0)
            for name in self.model.spec.steps
        }
        start = self._start(tracer)
        names: list[str] = []

        def step() -> tuple[Value, tuple[Value, ...], tuple[Value, ...]]:
            tracer.decode(carry(start), ROWS, ahead)
            found = self._found(tracer)
            found |= {name: self._asked(tracer, target) for name, target in self.outputs.items()}
            names[:] = found
            return filled((), dtype="bool", value=True), tuple(found.values()), ()

        columns, _ = loop(step, filled((), dtype="int", value=1), into="length")
        return dict(zip(names, columns, strict=True))

    def _frames(
        self, tracer: Tracer, rules: Rules, ahead: dict[str, Value], inner: dict[str, Target]
    ) -> dict[str, Value]:
        """Frames by their own predictions, as many as each row asks for."""
        start = self._start(tracer)

        limits = rules.limits
        assert limits is not None
        names: list[str] = []

        def step() -> tuple[Value, tuple[Value, ...], tuple[Value, ...]]:
            frame = carry(start)
            tracer.decode(frame, ROWS, ahead)
            found = self._found(tracer)
            found |= {name: self._asked(tracer, target) for name, target in inner.items()}
            names[:] = found
            renew(frame, tracer.env[self._output, ""])
            return every(rules.reached()), tuple(found.values()), ()

        columns, _ = loop(step, rules.trips, into="length")
        result = {}
        for name, column in zip(names, columns, strict=True):
            column = rules.cut(column)
            live = outer(less, places(column, over="length"), limits)
            result[name] = one_best(select(live, column, 0.0))
        return {**result, "lengths": one_best(limits)}

    def _rules(self, given: dict[str, Value], tracer: Tracer, ahead: dict[str, Value]) -> Rules:
        """The limits of each row and of all."""
        search = self.model.spec.search
        assert isinstance(search, Greedy)
        asked = given["max_length"]
        source = tracer.sources[self.model.memory]
        default: Value | int = search.max_length
        if self.target.length == "source":
            limits: Value | None = source.length
        elif self.target.length == "steps":
            limits = maximum(cover(given["steps"], over=BATCH, into="batch", value=0), 0)
        else:
            limits = search.limits(source.length)
        if limits is not None and self.target.length != "free":
            default = greatest(limits, over="batch")
        trips = select(less(asked, 0), default, asked)
        for values in ahead.values():
            trips = minimum(trips, extent(values, over="ahead"))
        limits = None if limits is None else minimum(limits, trips)
        return Rules(self.model.spec.special, trips, limits, self.target.length == "free")

    # -- shared -----------------------------------------------------------------------

    @property
    def _output(self) -> str:
        """The path of the output layer."""
        return next(path for path, node in self.model.nodes.items() if node.layer.word == "output")

    @property
    def _pad(self) -> int:
        return self.model.spec.special.pad

    def _trace(
        self, function: Callable[..., dict[str, Value]], inputs: list[Given], mode: Mode
    ) -> Graph:
        return trace.trace(function, {given.name: given.type for given in inputs}, mode=mode)

    def _tracer(self, given: dict[str, Value]) -> Tracer:
        names = [*self.sides]
        pad, normalize = self._pad, frame_normalize(self.target)
        several = len(names) > 1
        sources: dict[str, Source] = {}
        for name, side in self.sides.items():
            chain = name if several else "encoder"
            sources[chain] = prepare(name, side, given, pad, normalize)
        counts = {
            chain: self.symbols.get(name, 0) for chain, name in zip(sources, names, strict=True)
        }
        counts["decoder"] = self.symbols.get("target", 0)
        return Tracer(self.model, counts, sources)

    def _target(self, given: dict[str, Value]) -> Value:
        frames = isinstance(self.target, FeatureTarget)
        found = covered(given["target"], "given time", TIME, 0.0 if frames else self._pad)
        by = frame_normalize(self.target)
        return normalized(found, by) if by else found

    def _start(self, tracer: Tracer) -> Value:
        """What the decoder reads at its first step: the start symbol, or a frame."""
        if isinstance(self.target, TokenTarget):
            return filled((("batch", None),), dtype="int", value=self.model.spec.special.bos)
        with trace.at("decoder.input"):
            context = tracer.outside()
            return value_start(self.target.start, context, self.target.features)

    def _restored(self, frames: Value) -> Value:
        by = frame_normalize(self.target)
        return restored(frames, by) if by else frames

    def _widened(self, deviation: Value) -> Value:
        by = frame_normalize(self.target)
        return (
            deviation * const(value=by.standard, dtype="float", axes=("feature",))
            if by
            else deviation
        )
