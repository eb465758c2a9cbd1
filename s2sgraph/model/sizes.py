"""How many features each layer gives, inferred so that nobody writes a size twice."""

from __future__ import annotations

from dataclasses import dataclass

from s2sgraph.model.layers import LayerNode
from s2sgraph.model.sides import Side, side_of
from s2sgraph.model.targets import Target
from s2sgraph.spec.errors import Problem
from s2sgraph.spec.references import Reference
from s2sgraph.spec.schema import Spec
from s2sgraph.spec.sides import FeatureSource, FeatureTarget

Targets = dict[str, dict[Reference, Target]]


class Sizes:
    """Features by path of layer; `problems` says where one cannot be known."""

    def __init__(
        self, spec: Spec, nodes: dict[str, LayerNode], targets: Targets, memory: str
    ) -> None:
        self.spec, self.nodes, self.targets, self.memory = spec, nodes, targets, memory
        self.found: dict[str, int] = {}
        self.problems: list[Problem] = []
        self._asking: list[str] = []
        for path in nodes:
            self.layer(path)

    def layer(self, path: str) -> int:
        """Features of a layer's output."""
        if path in self.found:
            return self.found[path]
        node = self.nodes[path]
        if path in self._asking:
            label = node.layer.label
            self.problems.append(
                Problem(
                    node.key_path,
                    f"the size of {label} depends on itself",
                    "give a size on the way",
                )
            )
            return 1
        self._asking.append(path)
        width = node.building.width(Around(self, node))
        self._asking.pop()
        return self.found.setdefault(path, width)

    def target(self, target: Target) -> int:
        """Features of what a reference means."""
        match target.what:
            case "step":
                return self.spec.steps[target.chain].features
            case "static":
                side = self.side(target.chain)
                return (
                    side.static.features if isinstance(side, FeatureSource) and side.static else 0
                )
            case "input" | "source":
                side = self.side(target.chain)
                return side.features if isinstance(side, FeatureSource | FeatureTarget) else 0
        width = self.layer(target.node)
        halved = target.what == "final" and target.part in ("forward", "backward")
        return width // 2 if halved and self._both(target.node) else width

    def _both(self, path: str) -> bool:
        return getattr(self.nodes[path].layer, "direction", "") == "both"

    def side(self, chain: str) -> Side:
        """What a chain reads."""
        return side_of(self.spec, chain)


@dataclass(frozen=True)
class Around:
    """The sizes that one layer may ask for."""

    sizes: Sizes
    node: LayerNode

    @property
    def inputs(self) -> list[int]:
        """Features of each input."""
        return [self.of(reference) for reference in self.node.layer.inputs]

    @property
    def side(self) -> int:
        """Features of a frame of the chain's side; of tokens, which are counted at run time, 0."""
        side = self.sizes.side(self.node.chain)
        return side.features if isinstance(side, FeatureSource | FeatureTarget) else 0

    def of(self, reference: Reference) -> int:
        """Features of what a reference of the settings means."""
        return self.sizes.target(self.sizes.targets[self.node.path][reference])
