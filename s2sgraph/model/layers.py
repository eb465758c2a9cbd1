"""The layers of a spec as nodes: blocks repeated, names in scope, places in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from s2sgraph.layers.building import Building
from s2sgraph.spec.items import Block, Chain
from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.places import KeyPath


@dataclass(eq=False)
class LayerNode:
    """One layer of the model, or one copy of a layer of a block.

    Attributes:
        path: what its weights begin with: `decoder.state`, `decoder.block.0.attention`.
        chain: the chain it belongs to: `encoder`, `decoder`, or the name of a source.
        key_path: where its settings stand in the spec.
        scope: the names that it sees.
        below: the item before it, None for the first of a chain.
        input: what its chain or block receives: an item before the block, None for the chain's own.
    """

    path: str
    layer: Layer
    chain: str
    key_path: KeyPath
    scope: Scope
    below: Item | None
    input: Item | None

    @property
    def output(self) -> LayerNode:
        """The layer itself."""
        return self

    @property
    def building(self) -> Building:
        """The layer as something that can be traced."""
        assert isinstance(self.layer, Building)
        return self.layer


@dataclass(eq=False)
class BlockNode:
    """The copies of a block. Outside, its name stands for the last copy's last layer."""

    path: str
    copies: list[Scope] = field(default_factory=list)

    @property
    def output(self) -> LayerNode:
        """The last layer of the last copy."""
        return self.copies[-1].items[-1].output


Item = LayerNode | BlockNode


@dataclass(eq=False)
class Scope:
    """The items of one list by name, and the scope around it."""

    around: Scope | None
    items: list[Item] = field(default_factory=list)
    names: dict[str, Item] = field(default_factory=dict)

    def find(self, name: str) -> Item | None:
        """The item of that name, here or further out."""
        if name in self.names:
            return self.names[name]
        return self.around.find(name) if self.around else None

    def visible(self) -> list[str]:
        """All names that can be used here."""
        return [*self.names, *(self.around.visible() if self.around else [])]

    def layers(self) -> Iterator[LayerNode]:
        """All layers, copies of blocks included, in order."""
        for item in self.items:
            if isinstance(item, BlockNode):
                for copy in item.copies:
                    yield from copy.layers()
            else:
                yield item


def expand(chain: Chain, name: str, key_path: KeyPath) -> Scope:
    """The layers of a chain, its blocks repeated."""
    return _expand(chain, name, key_path, Scope(None), name, None)


def _expand(
    items: Chain, path: str, key_path: KeyPath, scope: Scope, chain: str, received: Item | None
) -> Scope:
    below = received
    for index, item in enumerate(items):
        own = f"{path}.{item.label}"
        node: Item
        if isinstance(item, Block):
            node = BlockNode(own)
            inside = below
            for copy in range(item.repeat):
                keys = (*key_path, index, "layers")
                inner = Scope(scope)
                node.copies.append(inner)
                _expand(item.layers, f"{own}.{copy}", keys, inner, chain, inside)
                inside = inner.items[-1]
        else:
            keys = (*key_path, index, item.word)
            node = LayerNode(own, item, chain, keys, scope, below, received)
        scope.items.append(node)
        scope.names[item.label] = node
        below = node
    return scope
