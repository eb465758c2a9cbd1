"""One view of `loop` and `scan`, the two nodes that repeat a body.

loop(trips, *first) -> *finals, *stacked
    body(counter, *states) -> finished, *following, *results
scan(*sequences, *first) -> *stacked, *finals
    body(*slices, *states) -> *results, *following
"""

from __future__ import annotations

from dataclasses import dataclass

from s2sgraph.graph.values import Graph, Node, Value


@dataclass
class Repeat:
    """The parts of a loop or scan; `write` puts them back after a pass has changed them.

    Attributes:
        node: the loop or scan.
        inside: its body.
        given: what the node is given besides states: the number of trips, or the sequences.
        slices: what the body is given for that: the counter, or one place of each sequence.
        first: the states before the first step.
        states: the states as the body is given them.
        following: the states as the body leaves them.
        finals: the states after the last step.
        control: whether the loop is finished, in the body; nothing for a scan.
        results: what one step gives, in the body.
        stacked: what all steps give.
    """

    node: Node
    inside: Graph
    given: list[Value]
    slices: list[Value]
    first: list[Value]
    states: list[Value]
    following: list[Value]
    finals: list[Value]
    control: list[Value]
    results: list[Value]
    stacked: list[Value]

    @staticmethod
    def of(node: Node) -> Repeat:
        """The parts of a node, which is a loop or a scan."""
        assert node.body is not None
        inside, count = node.body, node.attrs["states"]
        lead, number = len(node.inputs) - count, len(node.outputs) - count
        outer, inner = [*node.outputs], inside.outputs
        if node.op == "loop":
            control, following, results = inner[:1], inner[1 : 1 + count], inner[1 + count :]
            finals, stacked = outer[:count], outer[count:]
        else:
            control, results, following = [], inner[:number], inner[number:]
            stacked, finals = outer[:number], outer[number:]
        return Repeat(
            node=node,
            inside=inside,
            given=[*node.inputs[:lead]],
            slices=inside.inputs[:lead],
            first=[*node.inputs[lead:]],
            states=inside.inputs[lead:],
            following=following,
            finals=finals,
            control=control,
            results=results,
            stacked=stacked,
        )

    def keep_states(self, places: list[int]) -> None:
        """Drop all states but those at these places."""
        for column in (self.first, self.states, self.following, self.finals):
            column[:] = [column[i] for i in places]
        if "grows" in self.node.attrs:
            self.node.attrs["grows"] = tuple(self.node.attrs["grows"][i] for i in places)

    def keep_results(self, places: list[int]) -> None:
        """Drop all results but those at these places."""
        self.results = [self.results[i] for i in places]
        self.stacked = [self.stacked[i] for i in places]

    def keep_slices(self, places: list[int]) -> None:
        """Drop all sequences but those at these places."""
        self.given = [self.given[i] for i in places]
        self.slices = [self.slices[i] for i in places]

    def write(self) -> None:
        """Put the parts back into the node and its body."""
        node, inside = self.node, self.inside
        node.attrs = {**node.attrs, "states": len(self.states)}
        node.inputs = (*self.given, *self.first)
        inside.inputs = [*self.slices, *self.states]
        if node.op == "loop":
            node.outputs = (*self.finals, *self.stacked)
            inside.outputs = [*self.control, *self.following, *self.results]
        else:
            node.outputs = (*self.stacked, *self.finals)
            inside.outputs = [*self.results, *self.following]
