"""The model as a graph of layers: what reads what, within a step and from the step before."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import networkx as nx

from s2sgraph.layers.attention import Attention
from s2sgraph.model.layers import LayerNode, Scope, expand
from s2sgraph.model.sides import side_of
from s2sgraph.model.sizes import Sizes
from s2sgraph.model.supervising import Supervision
from s2sgraph.model.targets import Resolver, Target, UnresolvedError
from s2sgraph.spec.errors import Problem
from s2sgraph.spec.places import KeyPath
from s2sgraph.spec.references import Reference
from s2sgraph.spec.schema import Spec
from s2sgraph.spec.sides import TokenSide


class ModelGraph:
    """The layers of a spec and their edges.

    Attributes:
        spec: the spec.
        chains: the scope of each chain: the encoders by name, and `decoder`.
        nodes: every layer by its path, in the order of the spec.
        graph: a networkx.DiGraph over paths; `previous` of an edge: it is of the step before.
        targets: for each layer, what its references mean.
        outputs: the further outputs that the spec asks for, by name.
        supervision: what the losses of training look at.
        sizes: the features of each layer's output.
    """

    def __init__(self, spec: Spec) -> None:
        """Resolve everything; SpecError with all problems, each at its place in the text."""
        self.spec = spec
        encoders = spec.encoders or {"encoder": spec.encoder or ()}
        several = spec.encoders is not None
        self.chains: dict[str, Scope] = {
            name: expand(chain, name, ("encoders", name) if several else ("encoder",))
            for name, chain in encoders.items()
        }
        self.chains["decoder"] = expand(spec.decoder, "decoder", ("decoder",))
        self.nodes: dict[str, LayerNode] = {
            node.path: node for scope in self.chains.values() for node in scope.layers()
        }
        self.resolver = Resolver(spec, self.chains)
        self.targets: dict[str, dict[Reference, Target]] = {}
        self.outputs: dict[str, Target] = {}
        self.graph = nx.DiGraph()
        self.supervision = Supervision(spec, self.resolver, self.nodes, self.targets)
        problems = [*self._resolve()]
        if not problems:
            checks = (
                self._starts,
                self._unread,
                self._queries,
                self._symbols,
                self._tied,
                self._copies,
                self.supervision.problems,
            )
            problems = [*self._cycles()] or [problem for check in checks for problem in check()]
        if problems:
            raise spec.error(problems)
        self.sizes = Sizes(spec, self.nodes, self.targets, self.resolver.memory)
        problems = [*self.sizes.problems]
        if problems:
            raise spec.error(problems)

    @property
    def memory(self) -> str:
        """The encoder that `encoder` means."""
        return self.resolver.memory

    @property
    def encoders(self) -> list[str]:
        """The names of the encoders' chains."""
        return self.resolver.encoders

    def asked(self, reference: Reference) -> Target:
        """A further output that is asked for at run time; SpecError if it means nothing."""
        try:
            return self.resolver.output(reference)
        except UnresolvedError as error:
            raise self.spec.error([Problem(("outputs",), str(error), error.hint)]) from None

    def attention(self) -> Target | None:
        """The weights of the decoder's last attention to the memory, if it has any."""
        found = None
        for path, node in self.nodes.items():
            if node.chain == "decoder" and isinstance(node.layer, Attention):
                attended = self.targets[path][node.layer.memory]
                if attended.chain == self.memory:
                    found = Target("part", "decoder", path, "weights")
        return found

    def members(self, chain: str) -> list[str]:
        """The paths of a chain's layers, each after those it reads."""
        order = {path: place for place, path in enumerate(self.nodes)}
        members = [path for path, node in self.nodes.items() if node.chain == chain]
        data = [
            (a, b) for a, b, previous in self.graph.edges(members, data="previous") if not previous
        ]
        within = nx.DiGraph()
        within.add_nodes_from(members)
        within.add_edges_from((a, b) for a, b in data if b in within)
        return [*nx.lexicographical_topological_sort(within, key=order.__getitem__)]

    def groups(self) -> list[list[str]]:
        """The decoder's layers in the order of computing, those that recur together as one.

        The strongly connected components over all edges; one of several layers, or with an edge
        from itself, recurs.
        """
        order = {path: place for place, path in enumerate(self.members("decoder"))}
        decoder = self.graph.subgraph(order)
        condensed = nx.condensation(decoder)
        first = {
            group: min(order[path] for path in condensed.nodes[group]["members"])
            for group in condensed
        }
        found = nx.lexicographical_topological_sort(condensed, key=first.__getitem__)
        return [sorted(condensed.nodes[group]["members"], key=order.__getitem__) for group in found]

    def scanned(self, group: list[str]) -> bool:
        """Whether a group trains step by step: it recurs, and is no cell that runs by itself."""
        if len(group) > 1:
            return True
        (path,) = group
        layer = self.nodes[path].layer
        asked = any(
            target.previous and target.node == path for target in self.targets[path].values()
        )
        return asked or (layer.keeps and not layer.runs)

    def wanted(self, path: str) -> frozenset[str]:
        """The parts of a layer that somebody reads."""
        readers = (target for targets in self.targets.values() for target in targets.values())
        return frozenset(
            t.part
            for t in (*readers, *self.outputs.values())
            if t.node == path and t.what == "part"
        )

    # -- building, and what can be wrong ------------------------------------------------

    def _resolve(self) -> Iterator[Problem]:
        for path, node in self.nodes.items():
            self.graph.add_node(path)
            self.targets[path] = {}
            if node.layer.keeps:
                self.graph.add_edge(path, path, previous=True)
            for keys, reference in node.layer.references():
                try:
                    target = self.resolver.resolve(reference, node)
                except UnresolvedError as error:
                    yield Problem((*node.key_path, *keys), str(error), error.hint)
                    continue
                self.targets[path][reference] = target
                if keys[0] != "tied" and target.node:
                    self._edge(target, path)
        for index, reference in enumerate(self.spec.outputs):
            try:
                self.outputs[str(reference)] = self.resolver.output(reference)
            except UnresolvedError as error:
                yield Problem(("outputs", index), str(error), error.hint)

    def _edge(self, target: Target, path: str) -> None:
        earlier = self.graph.edges.get((target.node, path), {}).get("previous", True)
        self.graph.add_edge(target.node, path, previous=earlier and target.previous)

    def _at(self, path: str, key: str = "") -> KeyPath:
        keys = self.nodes[path].key_path
        return (*keys, key) if key else keys

    def _cycles(self) -> Iterator[Problem]:
        now = nx.DiGraph(
            (a, b) for a, b, previous in self.graph.edges(data="previous") if not previous
        )
        for component in nx.strongly_connected_components(now):
            first = next(path for path in self.nodes if path in component)
            if len(component) == 1 and not now.has_edge(first, first):
                continue
            cycle = [a for a, _ in nx.find_cycle(now.subgraph(component), first)]
            labels = [self.nodes[path].layer.label for path in (*cycle, cycle[0])]
            yield Problem(
                self._at(cycle[0]),
                f"within one step, {' needs '.join(reversed(labels))}",
                f"read one of them from the step before, as prev.{labels[0]}",
            )

    def _starts(self) -> Iterator[Problem]:
        stepping = self._stepping()
        for path, node in self.nodes.items():
            for keys, reference in node.layer.references():
                if keys[0] in ("start", "first") and self.targets[path][reference].node in stepping:
                    message = f"{reference} differs from step to step, so nothing can start from it"
                    yield Problem((*node.key_path, *keys), message, "start from the encoder")

    def _stepping(self) -> set[str]:
        """The decoder's layers that differ from step to step."""
        given = {
            path
            for path, targets in self.targets.items()
            for target in targets.values()
            if (target.what == "input" and target.chain == "decoder")
            or target.what in ("here", "step")
        }
        return (
            given.union(*(nx.descendants(self.graph, path) for path in given)) if given else given
        )

    def _unread(self) -> Iterator[Problem]:
        asked = {target.node for target in self.outputs.values()}
        for path, node in self.nodes.items():
            readers = [reader for reader in self.graph.successors(path) if reader != path]
            if not readers and path not in asked and node.layer.word != "output":
                yield Problem(
                    self._at(path),
                    f"nobody reads {node.layer.label}",
                    "name it in the `from` of a later layer, or in outputs, or remove it",
                )

    def _symbols(self) -> Iterator[Problem]:
        """Symbols that are read by a layer that computes with features."""
        for path, node in self.nodes.items():
            for keys, reference in node.layer.references():
                target = self.targets[path][reference]
                if target.what != "input" or not isinstance(
                    side_of(self.spec, target.chain), TokenSide
                ):
                    continue
                if not node.layer.symbols or keys[0] != "from":
                    message = f"{node.layer.label} reads symbols, which have no features"
                    yield Problem((*node.key_path, *keys), message, "put an embedding before it")

    def _tied(self) -> Iterator[Problem]:
        """Weights shared with a layer that is no embedding, or of another size."""
        for path, node in self.nodes.items():
            for keys, reference in node.layer.references():
                target = self.targets[path][reference]
                if keys[0] == "tied" and self.nodes[target.node].layer.word != "embedding":
                    message = f"{reference} is no embedding, whose table could be shared"
                    yield Problem((*node.key_path, *keys), message)

    def _queries(self) -> Iterator[Problem]:
        """Sequences of an encoder that a decoder reads as if they were values of its step."""
        for path, node in self.nodes.items():
            for keys, reference in node.layer.references():
                target = self.targets[path][reference]
                across = node.chain == "decoder" and target.chain in self.encoders
                if across and target.what == "output" and keys[0] in ("from", "query", "gate"):
                    message = f"{reference} is a sequence; a step of the decoder reads one value"
                    yield Problem(
                        (*node.key_path, *keys),
                        message,
                        f"attend to it, or read {target.chain}.final or .mean",
                    )

    @cached_property
    def copied(self) -> str:
        """The name of the source whose words the output copies; "" if it copies none."""
        found = self._copy()
        if not found:
            return ""
        return "source" if self.spec.encoders is None else found[1].chain

    @property
    def aligned(self) -> str:
        """The name of the source whose places guided alignment looks at; "" without that."""
        loss = self.spec.train.guided_alignment
        if loss is None:
            return ""
        return "source" if self.spec.encoders is None else self.supervision.watched(loss).chain

    def _copy(self) -> tuple[LayerNode, Target] | None:
        """The output that copies, and the memory of the attention that it copies by."""
        for path, node in self.nodes.items():
            for keys, reference in node.layer.references():
                target = self.targets[path][reference]
                attention = self.nodes[target.node].layer if target.node else None
                if keys == ("copy",) and isinstance(attention, Attention):
                    return node, self.targets[target.node][attention.memory]
        return None

    def _copies(self) -> Iterator[Problem]:
        """An output that copies what is no word of the target's vocabulary."""
        found = self._copy()
        if not found:
            return
        node, memory = found
        at = (*node.key_path, "copy")
        if not isinstance(side_of(self.spec, memory.chain), TokenSide):
            message = f"{memory.chain} reads features, of which no word can be copied"
            yield Problem(at, message, "copy by an attention over a source of tokens")
            return
        shared = getattr(self.spec.target, "vocabulary", "") == "shared"
        if not shared or self.copied != "source":
            message = "copying needs a target that shares the vocabulary of that source"
            yield Problem(at, message, "write vocabulary: shared under target")
