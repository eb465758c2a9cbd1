"""One graph being recorded: the chains traced, and what goes in and out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from s2sgraph.graph import trace
from s2sgraph.graph.loops import filled
from s2sgraph.graph.ops import arrange, const, expand, extent, trim
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Value
from s2sgraph.layers.building import Final
from s2sgraph.layers.copying import Words
from s2sgraph.layers.starting import value_start
from s2sgraph.model.chains import Source, Tracer
from s2sgraph.model.graph import ModelGraph
from s2sgraph.model.lexicon import Lexicon
from s2sgraph.model.shortlist import Shortlist
from s2sgraph.model.sources import (
    BATCH,
    covered,
    frame_normalize,
    leaving,
    prepare,
    restored,
)
from s2sgraph.model.targets import Target
from s2sgraph.search.rules import normalised
from s2sgraph.search.search import Search
from s2sgraph.spec.errors import Problem
from s2sgraph.spec.sides import FeatureSource, FeatureTarget, TokenSource, TokenTarget

DEFAULT_INPUTS = ("max_length",)
"""The settings of a search that a file has as inputs unless others are asked for."""


@dataclass
class Plan:
    """What is traced.

    Attributes:
        model: the layers and their edges.
        symbols: how many symbols the sides of tokens have: `target`, and each source.
        outputs: further values to return, by name.
        inputs: the settings of the search that are inputs.
        hard: whether `teach` and `score` choose as decoding does, where they have the expectation
            of the choice otherwise: the place of monotonic attention.
        banned: ids of target symbols that no search chooses.
        lexicon: targets that decoding gives for known sources.
    """

    model: ModelGraph
    symbols: Mapping[str, int]
    outputs: Mapping[str, Target]
    inputs: Sequence[str] = DEFAULT_INPUTS
    hard: bool = False
    banned: Sequence[int] = ()
    lexicon: Lexicon | None = None

    def record(self, given: dict[str, Value]) -> Recording:
        """The encoders traced, on the inputs of a graph."""
        return Recording(self, given)

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

    @property
    def output(self) -> str:
        """The path of the output layer."""
        return next(path for path, node in self.model.nodes.items() if node.layer.word == "output")

    @property
    def search(self) -> Search:
        """How the target is searched for."""
        search = self.model.spec.search
        assert isinstance(search, Search)
        return search

    @property
    def pad(self) -> int:
        """The id of padding."""
        return self.model.spec.special.pad


@dataclass
class Recording:
    """The encoders of a plan traced, and the decoder to be traced.

    Attributes:
        plan: what is traced.
        given: the inputs of the graph by name.
        shortlist: the target symbols that there are, if a run may say so.
        tracer: the chains.
        ahead: the values known in advance for every place of the target.
    """

    plan: Plan
    given: dict[str, Value]
    shortlist: Shortlist | None = field(init=False)
    tracer: Tracer = field(init=False)
    ahead: dict[str, Value] = field(init=False)

    def __post_init__(self) -> None:
        self.shortlist = None
        if "allowed" in self.given:
            count, special = self.plan.symbols["target"], self.plan.model.spec.special
            self.shortlist = Shortlist.of(self.given["allowed"], count, special)
        self.tracer = self._tracer()
        self.tracer.encode()
        self.ahead = {
            name: covered(self.given[name], "given ahead", "ahead", 0.0)
            for name in self.plan.model.spec.steps
        }

    def _tracer(self) -> Tracer:
        plan, names = self.plan, [*self.plan.sides]
        normalize = frame_normalize(plan.target)
        several = len(names) > 1
        sources: dict[str, Source] = {}
        for name, side in plan.sides.items():
            chain = name if several else "encoder"
            sources[chain] = prepare(name, side, self.given, plan.pad, normalize)
        words = None
        if plan.model.copied:
            chain = plan.model.copied if several else "encoder"
            words = self._words(sources[chain])
            sources[chain] = replace(sources[chain], values=words.known(words.ids))
        counts = {
            chain: plan.symbols.get(name, 0) for chain, name in zip(sources, names, strict=True)
        }
        counts["decoder"] = plan.symbols.get("target", 0)
        listed = self.shortlist.listed.symbols if self.shortlist else None
        return Tracer(plan.model, counts, sources, words, listed)

    def _words(self, source: Source) -> Words:
        """The words of a source that can be copied."""
        return Words.of(
            source.values,
            source.mask,
            source.length,
            source.axis,
            size=self.plan.symbols["target"],
            unknown=self.plan.model.spec.special.unk,
        )

    def decode(self, before: Value) -> dict[str, Value]:
        """Trace the decoder on what came before; what its output layer gives, by name.

        What came before is `int[batch, time]`, `int[batch]` or `int[batch, beam]`, or has features.
        """
        lead = Type("float", before.type.without("time", "feature").dims)
        self.tracer.decode(before, lead, self.ahead)
        return self.found()

    def found(self) -> dict[str, Value]:
        """What the output layer gives: `logits`, or `frames` and perhaps `deviations`."""
        output, env = self.plan.output, self.tracer.env
        if isinstance(self.plan.target, TokenTarget):
            logits = env[output, ""]
            return {"logits": logits + self.shortlist.hidden if self.shortlist else logits}
        by = frame_normalize(self.plan.target)
        frames = {"frames": restored(env[output, ""], by) if by else env[output, ""]}
        if (output, "deviation") in env:
            deviation = env[output, "deviation"]
            if by:
                deviation = deviation * const(value=by.standard, dtype="float", axes=("feature",))
            frames["deviations"] = deviation
        return frames

    def chances(self, logits: Value) -> Value:
        """Log-probabilities from the logits of a decoder, which are that already if it copies."""
        return normalised(logits) if self.tracer.words is None else logits

    def start(self) -> Value:
        """What the decoder reads at its first step: the start symbol, or a frame."""
        target = self.plan.target
        if isinstance(target, TokenTarget):
            bos = self.plan.model.spec.special.bos
            return filled((("batch", None),), dtype="int", value=bos)
        with trace.at("decoder.input"):
            return value_start(target.start, self.tracer.outside(), target.features)

    # -- what a search may look at ------------------------------------------------------

    @property
    def mask(self) -> Value:
        """Which places the source has: `bool[batch, source]`."""
        return self.tracer.sources[self.plan.model.memory].mask

    def attention(self) -> Value:
        """How much the last attention of the step just traced attends to each place.

        `[…, source]`. SpecError if the decoder has no attention to that source.
        """
        found = self.plan.model.attention()
        if found is None:
            message = "the decoder has no attention, which this setting of the search needs"
            raise self.plan.model.spec.error([Problem(("search",), message)])
        return self.tracer.env[found.node, found.part]

    # -- further outputs, and leaving ---------------------------------------------------

    def asked(self, *, of_steps: bool | None = None) -> dict[str, Value]:
        """The further outputs: all, or those of the decoder's steps, or those that are not."""
        return {
            name: self._value(target)
            for name, target in self.plan.outputs.items()
            if of_steps is None or of_steps == (target.chain == "decoder" or target.what == "here")
        }

    def _value(self, target: Target) -> Value:
        found = self.tracer.read(target)
        if isinstance(found, Final):
            return found.output()
        return found if isinstance(found, Value) else found.values

    @property
    def like(self) -> Value:
        """An input that has the rows that came in."""
        return next(iter(self.given.values()))

    def left(self, value: Value) -> Value:
        """A value as it leaves: its own rows and places, batch first."""
        for name in self.plan.sides:
            if name in value.axes:
                count = extent(self.given[name], over=f"given {name}")
                value = trim(value, count, over=name, into=f"given {name}")
        if "batch" not in value.axes:
            value = expand(value, filled((("batch", None),)), axes=("batch",))
        value = leaving(value, self.like)
        sources = (f"given {name}" for name in self.plan.sides)
        order = (BATCH, "n_best", "length", "given time", "head", *sources)
        first = [axis for axis in order if axis in value.axes]
        return arrange(value, axes=(*first, *(a for a in value.axes if a not in order)))
