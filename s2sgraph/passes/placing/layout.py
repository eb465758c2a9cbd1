"""Layouts: which axes make up which dimension of a tensor. Pure functions on groups of names."""

from __future__ import annotations

from itertools import pairwise

from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Layout

ROWS = (("batch", "beam"),)
"""Neighbours kept as one dimension, so that products of a step of decoding have two dimensions."""


def axes_of(layout: Layout) -> list[str]:
    """The axes of all dimensions, in the order in which a tensor runs through them."""
    return [axis for group in layout for axis in group]


def apiece(*axes: str) -> Layout:
    """One dimension for each axis."""
    return tuple((axis,) for axis in axes)


def together(layout: Layout) -> Layout:
    """The layout with rows as one dimension where its axes are neighbours."""
    groups: list[tuple[str, ...]] = []
    for group in layout:
        if groups and (*groups[-1][-1:], *group[:1]) in ROWS:
            groups[-1] = (*groups[-1], *group)
        else:
            groups.append(group)
    return tuple(groups)


def stored(type: Type) -> Layout:
    """How a value rests: its axes in order, rows as one dimension."""
    return together(apiece(*type.axes))


def without(layout: Layout, *axes: str) -> Layout:
    """The layout less these axes, and less the dimensions that they leave empty."""
    kept = (tuple(axis for axis in group if axis not in axes) for group in layout)
    return tuple(group for group in kept if group)


def apart(layout: Layout, *axes: str) -> Layout:
    """The layout with each of these axes in a dimension of its own."""
    groups: list[tuple[str, ...]] = []
    for group in layout:
        if len(group) < 2 or not set(group) & set(axes):
            groups.append(group)
            continue
        run: tuple[str, ...] = ()
        for axis in group:
            if axis in axes:
                groups += [run] * bool(run) + [(axis,)]
                run = ()
            else:
                run = (*run, axis)
        groups += [run] * bool(run)
    return tuple(groups)


def blocks(have: Layout, want: Layout) -> Layout:
    """The coarsest cut of `have` whose pieces only need another order to become `want`."""
    follows = {pair for group in want for pair in pairwise(group)}
    pieces: list[tuple[str, ...]] = []
    for group in have:
        for i, axis in enumerate(group):
            if i and (group[i - 1], axis) in follows:
                pieces[-1] = (*pieces[-1], axis)
            else:
                pieces.append((axis,))
    return tuple(pieces)


def broadcast(layout: Layout, axes: tuple[str, ...]) -> Layout:
    """The layout of an operand with only these axes, to be broadcast against `layout`.

    A dimension whose axes it lacks is `()`, of size 1, and left out in front.
    """
    wide = tuple(group if group and group[0] in axes else () for group in layout)
    while wide and not wide[0]:
        wide = wide[1:]
    return wide
