"""Decoders that are small tables: a graph of their search, and the same as plain functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from engines import PREPARED

from s2sgraph.graph import reference
from s2sgraph.graph.composed import masked_softmax
from s2sgraph.graph.loops import carry, filled, renew
from s2sgraph.graph.ops import add, less, mul, outer, take
from s2sgraph.graph.trace import trace, weight
from s2sgraph.graph.types import Type, parse
from s2sgraph.graph.values import Graph
from s2sgraph.search.rules import Decoder, Rules
from s2sgraph.search.search import Search
from s2sgraph.spec.sides import Special

BOS = Special().bos
Arrays = dict[str, Any]


@dataclass(frozen=True)
class TableModel:
    """The next symbol by a table over the symbol before, and by what was heard so far.

    What was heard is a state: half of it, and a line of another table, at every step. So
    hypotheses that are confused with each other are seen. Attention is a softmax over places.
    """

    weights: Arrays
    inputs: Arrays

    @staticmethod
    def drawn(seed: int, *, symbols: int = 6, rows: int = 3, limit: int = 5) -> TableModel:
        random = np.random.default_rng(seed)

        def normal(*shape: int) -> np.ndarray:
            return random.standard_normal(shape).astype(np.float32)

        weights = {
            "table": normal(symbols, symbols),
            "echo": normal(symbols, symbols),
            "look": normal(symbols),
        }
        inputs = {
            "urge": normal(rows, symbols) * 2,
            "places": normal(rows, 4) + 0.5,
            "limits": random.integers(0, limit + 1, rows),
            "trips": np.array(limit),
        }
        return TableModel(weights, inputs)

    @property
    def symbols(self) -> int:
        return len(self.weights["look"])

    @property
    def rows(self) -> int:
        return len(self.inputs["urge"])

    def row(self, *chosen: int) -> TableModel:
        """Some rows alone."""
        inputs = {n: a if a.ndim == 0 else a[[*chosen]] for n, a in self.inputs.items()}
        return replace(self, inputs=inputs)

    def graph(
        self,
        search: Search,
        *,
        limited: bool = True,
        ends: bool = True,
        inputs: Sequence[str] = (),
    ) -> Graph:
        """The search over this model, with these settings as inputs."""
        n = self.symbols
        table, look = f"float[before={n}, symbol={n}]", f"float[before={n}]"
        asked = {s.name: Type(s.dtype) for s in search.settings() if s.name in inputs}

        def function(urge, places, limits, trips, **given):
            attention = []

            def step(token):
                heard = carry(filled((*token.type.dims, ("symbol", n))))
                now = add(mul(heard, 0.5), take(weight("echo", parse(table)), token, over="before"))
                renew(heard, now)
                attending = take(weight("look", parse(look)), token, over="before")
                attention[:] = [masked_softmax(outer(mul, attending, places), mask, over="source")]
                return now + take(weight("table", parse(table)), token, over="before") + urge, {}

            mask = less(0.0, places)
            settings = {s.name: s.among(given) for s in search.settings()}
            limit = limits if limited else None
            rules = Rules(Special(), trips, limit, ends, settings, n, compact=search.compact)
            return search.search(Decoder(step, lambda: attention[0], lambda: mask), rules)

        types = {
            "urge": parse(f"float[batch, symbol={n}]"),
            "places": parse("float[batch, source]"),
            "limits": parse("int[batch]"),
            "trips": parse("int"),
            **asked,
        }
        return trace(function, types, mode="decode")

    def found(
        self,
        search: Search,
        *,
        engine: str | None = None,
        given: Mapping[str, float] | None = None,
        **form: bool,
    ) -> Arrays:
        """The results of all rows, `[batch, n_best, length]`: of the reference, or of an engine.

        `given` are settings of the search that the run chooses.
        """
        chosen = given or {}
        graph = self.graph(search, inputs=[*chosen], **form)
        inputs = {**self.inputs, **{name: np.array(number) for name, number in chosen.items()}}
        if engine:
            return rows_first(graph, PREPARED[engine](graph, self.weights)(inputs))
        return rows_first(graph, reference.run(graph, self.weights, inputs))

    def step(self, row: int):
        """The model of one row as a function of prefixes; see `beam_by_hand.Step`."""
        table, echo, look = (self.weights[n].astype(float) for n in ("table", "echo", "look"))
        urge, places = (self.inputs[n][row].astype(float) for n in ("urge", "places"))
        places = places[places > 0]

        def step(prefixes):
            chances, attention = [], []
            for prefix in prefixes:
                heard = 0
                for symbol in (BOS, *prefix):
                    heard = heard / 2 + echo[symbol]
                logits = heard + table[symbol] + urge
                chances.append(logits - np.log(np.exp(logits).sum()))
                scores = np.exp(look[symbol] * places)
                attention.append(scores / scores.sum())
            return np.array(chances), np.array(attention)

        return step

    def seen(self, row: int) -> int:
        """How many places of the source the row has."""
        return int((self.inputs["places"][row] > 0).sum())

    def limit(self, row: int, limited: bool = True) -> int:
        trips = int(self.inputs["trips"])
        return min(trips, int(self.inputs["limits"][row])) if limited else trips


def rows_first(graph: Graph, outputs: Arrays) -> Arrays:
    """The results of a search with their axes in one order: `[batch, n_best, length]`."""
    order = ("batch", "n_best", "length")
    found = {}
    for name, value in zip(graph.output_names, graph.outputs, strict=True):
        axes = [value.axes.index(axis) for axis in order if axis in value.axes]
        found[name] = np.asarray(outputs[name]).transpose(axes)
    return found


def assert_same(result: Arrays, wanted: Arrays) -> None:
    """The same outputs: floats but for rounding, all else to the bit."""
    assert result.keys() == wanted.keys()
    for name, array in wanted.items():
        if array.dtype.kind == "f":
            np.testing.assert_allclose(result[name], array, rtol=1e-5, atol=1e-5, err_msg=name)
        else:
            np.testing.assert_array_equal(result[name], array, err_msg=name)
