"""What references mean: a layer, a part of one, or something that the chain is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from s2sgraph.model.layers import BlockNode, Item, LayerNode, Scope
from s2sgraph.model.sides import side_of
from s2sgraph.spec.messages import did_you_mean
from s2sgraph.spec.references import Reference
from s2sgraph.spec.schema import Spec
from s2sgraph.spec.sides import FeatureSource

What = Literal[
    "output", "part", "final", "last", "mean", "here", "input", "static", "step", "source"
]
PARTS = {"attention": ("weights", "heads"), "lstm": ("cell",), "output": ("deviation",)}
"""The named parts of kinds of layers, besides their output."""


class UnresolvedError(Exception):
    """A reference that means nothing; the text says what there is."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep the hint apart: it stands on a line of its own."""
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Target:
    """What a reference means.

    Attributes:
        what: an `output` or `part` of a layer; its `final` states; of a whole encoder the values
            at the `last` place, their `mean`, or those `here`, at the decoder's step; the `input`
            of a chain; `static` values of a source, a `step` value known in advance, or the last
            frame of a `source`.
        chain: the chain it is in, or the name of a source or step value.
        node: the path of the layer, if it is one.
        part: its name: `weights`, `heads`, `cell`; of final states `forward`, `backward`, `cell`.
        previous: one step earlier.
    """

    what: What
    chain: str
    node: str = ""
    part: str = ""
    previous: bool = False


class Resolver:
    """Resolves the references of one model."""

    def __init__(self, spec: Spec, chains: dict[str, Scope]) -> None:
        self.spec, self.chains = spec, chains
        self.encoders = [name for name in chains if name != "decoder"]
        self.memory = spec.memory or self.encoders[0]

    def resolve(self, reference: Reference, node: LayerNode) -> Target:
        """What a reference means in a layer; UnresolvedError if nothing."""
        name, *rest = reference.path
        if name == "below":
            found = self._item(node.below, node.chain, rest)
        elif name == "input":
            found = self._item(node.input, node.chain, rest)
        else:
            found = self._named(str(name), rest, node)
        return self._at(reference, found, node.chain)

    def output(self, reference: Reference) -> Target:
        """What an output of the model is."""
        scope = self.chains["decoder"]
        item = scope.find(reference.name)
        if item is not None:
            return self._item(item, "decoder", [*reference.path[1:]])
        return self._named(reference.name, [*reference.path[1:]], None)

    def outside(self, reference: Reference) -> Target:
        """What a reference means where there is no layer, as in the start of a target."""
        return self._named(reference.name, [*reference.path[1:]], None)

    def _at(self, reference: Reference, found: Target, chain: str) -> Target:
        if not reference.previous:
            return found
        if chain != "decoder" or found.chain != "decoder" or found.what not in ("output", "part"):
            raise UnresolvedError(
                f"{reference} is not of the decoder's steps", "only a decoder's layer has prev."
            )
        return Target(found.what, found.chain, found.node, found.part, previous=True)

    def _named(self, name: str, rest: list[str | int], node: LayerNode | None) -> Target:
        item = node.scope.find(name) if node else None
        if item is not None and node is not None:
            return self._item(item, node.chain, rest)
        if node is None or node.chain == "decoder":
            if name == "encoder" or name in self.encoders:
                return self._encoder(self.memory if name == "encoder" else name, rest)
            if name in self.spec.steps and not rest:
                return Target("step", name)
        if name == "static" and not rest:
            side = side_of(self.spec, self.memory)
            if not isinstance(side, FeatureSource) or side.static is None:
                hint = "write static: {features: 3} beside its features"
                raise UnresolvedError("the source has no static values", hint)
            return Target("static", self.memory)
        if name == "source" and rest == ["last"]:
            return Target("source", self.memory)
        known = [
            *(node.scope.visible() if node else self.chains["decoder"].visible()),
            *self.spec.steps,
        ]
        known += ["below", "input", "encoder", *self.encoders]
        text = ".".join(map(str, (name, *rest)))
        raise UnresolvedError(
            f"nothing is called {text} here", did_you_mean(name, known) or _listed(known)
        )

    def _item(self, item: Item | None, chain: str, rest: list[str | int]) -> Target:
        if item is None:
            if rest:
                raise UnresolvedError(f"the input of a chain has no part {rest[0]}")
            return Target("input", chain)
        while rest and isinstance(item, BlockNode):
            item = _inside(item, rest)
        if not rest:
            return Target("output", chain, item.output.path)
        assert isinstance(item, LayerNode)
        return self._part(item, chain, rest)

    def _part(self, node: LayerNode, chain: str, rest: list[str | int]) -> Target:
        part, *more = map(str, rest)
        if part == "final" and node.layer.runs:
            if chain == "decoder":
                raise UnresolvedError("a decoder has no final state while it runs")
            if len(more) > 1 or (more and more[0] not in ("forward", "backward", "cell")):
                raise UnresolvedError(
                    f"a final state has no part {'.'.join(more)}",
                    "it has forward, backward and cell",
                )
            return Target("final", chain, node.path, "".join(more))
        known = PARTS.get(node.layer.word, ())
        if getattr(node.layer, "heads", 1) is None:
            known = tuple(name for name in known if name != "heads")
        if part not in known or more:
            parts = [*known, *(["final"] if node.layer.runs else [])]
            text = _listed(parts) if parts else "it has none"
            raise UnresolvedError(f"{node.layer.label} has no part {'.'.join((part, *more))}", text)
        return Target("part", chain, node.path, part)

    def _encoder(self, name: str, rest: list[str | int]) -> Target:
        scope = self.chains[name]
        if not rest:
            return Target("output", name, scope.items[-1].output.path)
        part, *more = rest
        item = scope.find(str(part))
        if item is not None:
            return self._item(item, name, more)
        if part in ("mean", "here") and not more:
            return Target("mean" if part == "mean" else "here", name, scope.items[-1].output.path)
        if part == "final":
            recurrent = [layer for layer in scope.layers() if layer.layer.runs]
            if recurrent:
                return self._part(recurrent[-1], name, [*rest])
            if not more:
                return Target("last", name, scope.items[-1].output.path)
        known = [*scope.visible(), "final", "mean", "here"]
        raise UnresolvedError(
            f"{name} has no part {part}", did_you_mean(str(part), known) or _listed(known)
        )


def _inside(block: BlockNode, rest: list[str | int]) -> Item:
    """The item of a copy of a block that the next parts name; they are taken off `rest`."""
    number = rest.pop(0)
    if not isinstance(number, int):
        raise UnresolvedError(
            f"inside a block, first say which copy: {block.path.split('.')[-1]}[0].{number}"
        )
    if number >= len(block.copies):
        raise UnresolvedError(
            f"there is no copy {number}", f"the copies are 0 to {len(block.copies) - 1}"
        )
    copy = block.copies[number]
    if not rest:
        return copy.items[-1]
    name = str(rest.pop(0))
    if name not in copy.names:
        raise UnresolvedError(
            f"no layer of the block is called {name}",
            did_you_mean(name, copy.names) or _listed([*copy.names]),
        )
    return copy.names[name]


def _listed(names: list[str]) -> str:
    return "there are " + ", ".join(dict.fromkeys(names))
