"""Training and scoring: the decoder on given targets, at all places at once."""

from __future__ import annotations

from s2sgraph.graph.ops import equal, extent, select, shift, take, total, trim
from s2sgraph.graph.values import Value
from s2sgraph.model.chains import TIME
from s2sgraph.model.recording import Plan, Recording
from s2sgraph.model.sources import covered, frame_normalize, leaving, normalized
from s2sgraph.spec.sides import FeatureTarget


def taught(plan: Plan, given: dict[str, Value]) -> dict[str, Value]:
    """The scores of every symbol, or the frames, and further outputs."""
    recording, found = _decoded(plan, given)
    return _left(recording, found)


def scored(plan: Plan, given: dict[str, Value]) -> dict[str, Value]:
    """The log-probability of every target symbol, zero for padding, and their sums."""
    recording, found = _decoded(plan, given)
    target = covered(given["target"], "given time", TIME, plan.pad)
    if recording.tracer.words is not None:
        target = recording.tracer.words.within(target)
    chosen = take(recording.chances(found.pop("logits")), target, over="symbol")
    scores = select(equal(target, plan.pad), 0.0, chosen)
    whole = leaving(total(scores, over=TIME), recording.like)
    return {**_left(recording, {"token_scores": scores, **found}), "scores": whole}


def _decoded(plan: Plan, given: dict[str, Value]) -> tuple[Recording, dict[str, Value]]:
    recording = plan.record(given)
    before = shift(_target(plan, given), recording.start(), over=TIME)
    found = recording.decode(before)
    return recording, found


def _target(plan: Plan, given: dict[str, Value]) -> Value:
    """The target inside the graph: at least one row and one place, frames normalized."""
    frames = isinstance(plan.target, FeatureTarget)
    found = covered(given["target"], "given time", TIME, 0.0 if frames else plan.pad)
    by = frame_normalize(plan.target)
    return normalized(found, by) if by else found


def _left(recording: Recording, found: dict[str, Value]) -> dict[str, Value]:
    width = extent(recording.given["target"], over="given time")
    result = {}
    for name, value in (found | recording.asked()).items():
        own = trim(value, width, over=TIME, into="given time") if TIME in value.axes else value
        result[name] = recording.left(own)
    return result
