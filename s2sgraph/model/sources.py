"""What goes in: sources, targets and their lengths, made safe at the entry of every graph.

Every graph has at least one row and one place inside, since empty sizes end some runtimes; what
was not there is cut off again at the exit. The axes of inputs and outputs are called `given …`,
those inside have the plain name.
"""

from __future__ import annotations

from s2sgraph.attention.memory import Memory
from s2sgraph.graph.composed import constant_vector
from s2sgraph.graph.given import Given
from s2sgraph.graph.ops import (
    concat,
    cover,
    div,
    expand,
    extent,
    less,
    maximum,
    minimum,
    mul,
    outer,
    places,
    rename,
    select,
    sub,
    trim,
)
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Value
from s2sgraph.model.chains import Source
from s2sgraph.spec.sides import FeatureSource, FeatureTarget, Normalize, TokenSource

BATCH = "given batch"


def source_inputs(sides: dict[str, TokenSource | FeatureSource]) -> list[Given]:
    """The inputs of all sources: values and lengths, and static values where there are any."""
    inputs = []
    for name, side in sides.items():
        axes: tuple[tuple[str, int | None], ...] = ((BATCH, None), (f"given {name}", None))
        if isinstance(side, FeatureSource):
            values = Type("float", (*axes, ("feature", side.features)))
            meaning = "features of each place"
        else:
            values, meaning = Type("int", axes), "ids of symbols"
        inputs.append(Given(name, values, f"{meaning}, padded to one width"))
        length = Type("int", ((f"given {name}_lengths", None),))
        inputs.append(
            Given(f"{name}_length", length, "own length of each row; empty: the full width", [])
        )
        if isinstance(side, FeatureSource) and side.static:
            static = Type("float", ((BATCH, None), ("feature", side.static.features)))
            inputs.append(Given(f"{name}_static", static, "values of the whole row"))
    return inputs


def prepare(
    name: str,
    side: TokenSource | FeatureSource,
    inputs: dict[str, Value],
    pad: int,
    target: Normalize | None,
) -> Source:
    """A source inside the graph."""
    given = inputs[name]
    features = isinstance(side, FeatureSource)
    values = covered(given, f"given {name}", name, 0.0 if features else pad)
    length = lengths(inputs[f"{name}_length"], values, name)
    mask = outer(less, places(values, over=name), length)
    last = static = None
    if isinstance(side, FeatureSource):
        alike = target is not None and len(target.mean) == side.features
        by = target if alike else side.normalize
        frames = normalized(values, by) if by else values
        last = Memory(frames, mask, length, name).last()
        values = normalized(values, side.normalize) if side.normalize else values
        values = select(mask, values, 0.0)  # whatever padding holds, not even NaN gets further
        if side.static:
            static = cover(inputs[f"{name}_static"], over=BATCH, into="batch", value=0.0)
    return Source(values, mask, length, name, last, static)


def covered(x: Value, over: str, into: str, value: float) -> Value:
    """At least one row and one place."""
    return cover(cover(x, over=BATCH, into="batch", value=value), over=over, into=into, value=value)


def lengths(given: Value, values: Value, over: str) -> Value:
    """Each row's own length, `int[batch]`; the full width where none are given."""
    axis = given.axes[0]
    width = extent(values, over=over)
    full = rename(expand(width, values, axes=("batch",)), batch=axis)
    found = trim(
        concat(given, full, over=axis), extent(values, over="batch"), over=axis, into="batch"
    )
    return minimum(maximum(found, 0), width)


def leaving(x: Value, like: Value) -> Value:
    """A value with just the rows that came in, by an input that has them."""
    return trim(x, extent(like, over=BATCH), over="batch", into=BATCH)


def normalized(x: Value, by: Normalize) -> Value:
    """Features with mean 0 and standard deviation 1."""
    return div(sub(x, constant_vector(by.mean)), constant_vector(by.standard))


def restored(x: Value, by: Normalize) -> Value:
    """Normalized features as they were."""
    return mul(x, constant_vector(by.standard)) + constant_vector(by.mean)


def frame_normalize(target: object) -> Normalize | None:
    """How the frames of a target are normalized, if they are."""
    return target.normalize if isinstance(target, FeatureTarget) else None
