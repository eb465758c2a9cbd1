"""The attentions of a decoder by name, as references spell them."""

from __future__ import annotations

from collections.abc import Mapping

from s2sgraph.layers.attention import Attention
from s2sgraph.model.layers import LayerNode


def attentions(nodes: Mapping[str, LayerNode]) -> dict[str, LayerNode]:
    """The attentions of the decoder by name, in the order of the spec."""
    return {
        _spelled(path): node
        for path, node in nodes.items()
        if node.chain == "decoder" and isinstance(node.layer, Attention)
    }


def _spelled(path: str) -> str:
    """How a reference spells a layer's path: `decoder.block.0.context` is `block[0].context`."""
    _, *parts = path.split(".")
    text = "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in parts)
    return text.removeprefix(".")
