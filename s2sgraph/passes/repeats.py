"""One view of the two nodes that repeat a body, `loop` and `scan`, whose inputs and outputs are in other orders."""

from __future__ import annotations

from dataclasses import dataclass

from s2sgraph.graph.values import Node, Value


@dataclass
class Repeat:
    """The parts of a loop or scan: `write` puts them back into the node after a pass has changed them."""

    node: Node
    given: list[Value]
    """What the node is given besides states: the number of trips, or the sequences."""
    first: list[Value]
    slices: list[Value]
    """What the body is given for it: the counter, or one place of each sequence."""
    states: list[Value]
    control: list[Value]
    """Whether the loop is finished; nothing for a scan."""
    following: list[Value]
    results: list[Value]
    finals: list[Value]
    stacked: list[Value]

    @staticmethod
    def of(node: Node) -> Repeat:
        assert node.body is not None
        inside, count = node.body, node.attrs["states"]
        lead = len(node.inputs) - count
        if node.op == "loop":
            finals, stacked = [*node.outputs[:count]], [*node.outputs[count:]]
            control, following, results = (
                inside.outputs[:1],
                inside.outputs[1 : 1 + count],
                inside.outputs[1 + count :],
            )
        else:
            number = len(node.outputs) - count
            stacked, finals = [*node.outputs[:number]], [*node.outputs[number:]]
            control, results, following = [], inside.outputs[:number], inside.outputs[number:]
        return Repeat(
            node,
            [*node.inputs[:lead]],
            [*node.inputs[lead:]],
            inside.inputs[:lead],
            inside.inputs[lead:],
            control,
            following,
            results,
            finals,
            stacked,
        )

    def keep_states(self, places: list[int]) -> None:
        """Drop all states but those at these places."""
        for name in ("first", "states", "following", "finals"):
            setattr(self, name, [getattr(self, name)[i] for i in places])
        if "grows" in self.node.attrs:
            self.node.attrs["grows"] = tuple(self.node.attrs["grows"][i] for i in places)

    def keep_results(self, places: list[int]) -> None:
        self.results = [self.results[i] for i in places]
        self.stacked = [self.stacked[i] for i in places]

    def keep_slices(self, places: list[int]) -> None:
        self.given = [self.given[i] for i in places]
        self.slices = [self.slices[i] for i in places]

    def write(self) -> None:
        node, inside = self.node, self.node.body
        assert inside is not None
        node.attrs = {**node.attrs, "states": len(self.states)}
        node.inputs = (*self.given, *self.first)
        inside.inputs = [*self.slices, *self.states]
        if node.op == "loop":
            node.outputs = (*self.finals, *self.stacked)
            inside.outputs = [*self.control, *self.following, *self.results]
        else:
            node.outputs = (*self.stacked, *self.finals)
            inside.outputs = [*self.results, *self.following]
