"""Tracing of chains: each layer in its turn, those that recur together as one recurrence."""

from __future__ import annotations

from dataclasses import dataclass, field

from s2sgraph.attention.memory import Memory
from s2sgraph.graph import trace
from s2sgraph.graph.loops import carry, each, filled, previous, renew, spread, step_number
from s2sgraph.graph.ops import places, rename, take
from s2sgraph.graph.types import ShapeError, Type
from s2sgraph.graph.values import Value
from s2sgraph.layers.building import Context, Final, Reading
from s2sgraph.layers.copying import Words
from s2sgraph.layers.starting import value_start
from s2sgraph.model.graph import ModelGraph
from s2sgraph.model.layers import LayerNode
from s2sgraph.model.targets import Target
from s2sgraph.spec.settings import ZeroStart
from s2sgraph.spec.sides import FeatureSource, FeatureTarget

Key = tuple[str, str]
"""A layer's path and the name of a part, "" for its output."""
TIME = "time"


@dataclass(frozen=True)
class Source:
    """A prepared source: at least one row and one place, with its lengths.

    Attributes:
        values: `int[batch, AXIS]` or `float[batch, AXIS, feature]`.
        last: for features as they were given, the last own frame: `[batch, feature]`.
        static: `[batch, feature]` if there are static values.
    """

    values: Value
    mask: Value
    length: Value
    axis: str
    last: Value | None = None
    static: Value | None = None


@dataclass
class Tracer:
    """Traces the chains of one model into the graph that is being recorded.

    Attributes:
        symbols: how many symbols each side of tokens has, by name of chain.
        sources: what the encoders read.
        words: the words that can be copied from a source; None if the model copies none.
        shortlist: ids of the only target symbols to be scored, `int[symbol]`, if there is a list.
    """

    model: ModelGraph
    symbols: dict[str, int]
    sources: dict[str, Source]
    words: Words | None = None
    shortlist: Value | None = None
    env: dict[Key, Value] = field(default_factory=dict)
    finals: dict[str, Final] = field(default_factory=dict)
    lead: Type = field(default_factory=lambda: Type("float", (("batch", None),)))
    given: Value | None = None
    steps: dict[str, Value] = field(default_factory=dict)

    # -- encoders ---------------------------------------------------------------------

    def encode(self) -> None:
        """Trace every encoder."""
        for name, source in self.sources.items():
            for path in self.model.members(name):
                inputs = tuple(self._whole(target) for target in self._inputs(path))
                self._build(path, inputs, source.axis, source.mask, source.length, self.env)

    def _whole(self, target: Target) -> Value:
        """A value in an encoder: all places of it."""
        if target.what == "input":
            return self.sources[target.chain].values
        found = self.read(target)
        return found.values if isinstance(found, Memory) else self._vector(found)

    # -- the decoder ------------------------------------------------------------------

    def decode(self, given: Value, lead: Type, steps: dict[str, Value]) -> None:
        """Trace the decoder on what came before: at all places, or as one step of a loop.

        `given` is `int[batch, time]` or `int[batch]`, or has features; `lead` is the type of a
        step of it.
        """
        if self.words is not None:
            given = self.words.known(given)
        self.given, self.lead, self.steps = given, lead, steps
        for group in self.model.groups():
            if self.model.scanned(group):
                self._together(group)
            else:
                (path,) = group
                inputs = tuple(self._now(target, path) for target in self._inputs(path))
                self._build(path, inputs, TIME, None, None, self.env)

    def _together(self, group: list[str]) -> None:
        """Layers that need each other from step to step: one recurrence over their steps."""
        outside = [
            target for path in group for target in self._inputs(path) if target.node not in group
        ]
        known = {target: self._now(target, group[0]) for target in dict.fromkeys(outside)}
        keys: list[Key] = []
        assert self.given is not None
        whole = TIME in self.given.axes
        number = (places(self.given, over=TIME),) if whole else ()

        def step(*values: Value) -> tuple[Value, ...]:
            if whole:
                *values, trace.current().counter = values  # type: ignore[assignment]
            now = dict(zip(known, values, strict=True))
            env: dict[Key, Value] = {}
            carried: dict[Key, Value] = {}
            for path in group:
                for target in self._inputs(path):
                    key = (target.node, target.part)
                    if target.previous and target.node in group and key not in carried:
                        carried[key] = carry(self._first(target))
            for path in group:
                inputs = []
                for target in self._inputs(path):
                    key = (target.node, target.part)
                    if target not in known:
                        inputs.append(carried[key] if target.previous else env[key])
                    else:
                        inputs.append(now[target])
                self._build(path, tuple(inputs), TIME, None, None, env)
            for key, state in carried.items():
                renew(state, env[key])
            keys[:] = env
            return tuple(env.values())

        found = each(step, (*known.values(), *number), over=TIME)
        self.env.update(zip(keys, found, strict=True))

    def _now(self, target: Target, path: str) -> Value:
        """A value of the decoder's step (or of all steps), from outside any recurrence."""
        if target.what == "input":
            assert self.given is not None
            return self.given
        if target.what == "here":
            return self.at_step(self._memory(target), self._memory_axis(target))
        if target.what == "step":
            return self.at_step(self.steps[target.chain], "ahead")
        found = self._vector(self.read(target))
        if not target.previous:
            return found
        with trace.at(target.node):
            return previous(found, self._first(target))

    def at_step(self, values: Value, axis: str) -> Value:
        """The place of a sequence at the decoder's step; all of them where there is a time axis."""
        assert self.given is not None
        if TIME in self.given.axes:
            return rename(values, **{axis: TIME})
        return take(values, step_number(), over=axis)

    def _first(self, target: Target) -> Value:
        """What a value that `prev.` names is before the first step: `[batch, (beam,) feature]`."""
        node, size = self.model.nodes[target.node], self.model.sizes.target(target)
        start = getattr(node.layer, "start", ZeroStart())
        with trace.at(node.path):
            if node.layer.runs:
                first = self._running_start(node, target)
            elif target.part:
                first = filled((*self.lead.dims, ("feature", size)))
            else:
                context = self._context(node.path, (), TIME, None, None)
                first = value_start(start, context, size)
        return spread(first, self.lead)

    def _running_start(self, node: LayerNode, target: Target) -> Value:
        """The start of a recurrent layer's uppermost cell."""
        from s2sgraph.layers.recurrent import RecurrentLayer
        from s2sgraph.layers.starting import cell_start

        layer = node.layer
        assert isinstance(layer, RecurrentLayer)
        context = self._context(node.path, (), TIME, None, None)
        states = cell_start(
            layer.start, context, layer.size, layer.cell().states, layer.layers - 1, layer.layers
        )
        return states[1 if target.part == "cell" else 0]

    # -- one layer --------------------------------------------------------------------

    def _inputs(self, path: str) -> list[Target]:
        targets = self.model.targets[path]
        return [targets[reference] for reference in self.model.nodes[path].layer.reads]

    def _build(
        self,
        path: str,
        inputs: tuple[Value, ...],
        over: str,
        mask: Value | None,
        length: Value | None,
        env: dict[Key, Value],
    ) -> None:
        node = self.model.nodes[path]
        with trace.at(path):
            parts = node.building.build(self._context(path, inputs, over, mask, length))
        env[path, ""] = parts.output
        for name, value in parts.named.items():
            env[path, name] = value
        if parts.final is not None:
            self.finals[path] = parts.final

    def _context(
        self,
        path: str,
        inputs: tuple[Value, ...],
        over: str,
        mask: Value | None,
        length: Value | None,
    ) -> Context:
        node = self.model.nodes[path]
        targets = self.model.targets[path]
        side = self.model.sizes.side(node.chain)
        features = side.features if isinstance(side, FeatureSource | FeatureTarget) else 0
        return Context(
            inputs=inputs[: len(node.layer.inputs)],
            below=self._below(node),
            over=over,
            lead=self.lead,
            mask=mask,
            length=length,
            size=features or self.symbols[node.chain],
            tokens=not features,
            width=self.model.sizes.layer(path),
            wanted=self.model.wanted(path),
            read=lambda reference: self.read(targets[reference]),
            tied=lambda reference: self._tied(targets[reference]),
            now=dict(zip(node.layer.reads, inputs, strict=False)),
            words=self.words if node.chain == "decoder" else None,
            shortlist=self.shortlist,
        )

    def _below(self, node: LayerNode) -> int | None:
        """Which input is the item before the layer."""
        below = node.below.output.path if node.below else None
        for place, reference in enumerate(node.layer.inputs):
            target = self.model.targets[node.path][reference]
            same = target.what == "output" and target.node == below and not target.previous
            if same or (below is None and target.what == "input"):
                return place
        return None

    def _tied(self, target: Target) -> str:
        """The path of the layer whose weight is shared, itself perhaps tied."""
        layer = self.model.nodes[target.node].layer
        further = getattr(layer, "tied", None)
        return self._tied(self.model.targets[target.node][further]) if further else target.node

    # -- references -------------------------------------------------------------------

    def outside(self) -> Context:
        """The context of a value that is no layer's: it reads nothing but the sources."""
        return Context(
            inputs=(),
            below=None,
            over=TIME,
            lead=self.lead,
            mask=None,
            length=None,
            size=0,
            tokens=False,
            width=0,
            wanted=frozenset(),
            read=lambda reference: self.read(self.model.resolver.outside(reference)),
            tied=str,
        )

    def read(self, target: Target) -> Reading:
        """What a target is."""
        if target.what in ("static", "source"):
            source = self.sources[target.chain]
            found = source.static if target.what == "static" else source.last
            if found is None:
                raise ShapeError(f"the source has no {target.what} values")
            return found
        if target.what in ("last", "mean"):
            memory = self.memory(target)
            return memory.last() if target.what == "last" else memory.mean()
        if target.what == "final":
            return self._final(target)
        value = self.env[target.node, target.part]
        return self.memory(target) if target.chain in self.sources and not target.part else value

    def _final(self, target: Target) -> Reading:
        final = self.finals[target.node]
        if target.part in ("forward", "backward"):
            return final.only(target.part)
        return final.cell() if target.part == "cell" else final

    def memory(self, target: Target) -> Memory:
        """The output of an encoder's layer as something to attend to."""
        source = self.sources[target.chain]
        return Memory(self.env[target.node, ""], source.mask, source.length, source.axis)

    def _memory(self, target: Target) -> Value:
        return self.env[target.node, ""]

    def _memory_axis(self, target: Target) -> str:
        return self.sources[target.chain].axis

    def _vector(self, found: Reading) -> Value:
        if isinstance(found, Final):
            return found.output()
        if isinstance(found, Memory):
            raise ShapeError("a sequence of an encoder is attended to; a step cannot read it whole")
        return found
