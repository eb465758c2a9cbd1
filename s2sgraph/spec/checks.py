"""Rules about several parts of a spec that need no model graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from s2sgraph.spec.data import Data, Part
from s2sgraph.spec.errors import Problem
from s2sgraph.spec.items import Block, Faulty, layers
from s2sgraph.spec.kinds import Layer, references
from s2sgraph.spec.messages import did_you_mean, one_of
from s2sgraph.spec.places import KeyPath
from s2sgraph.spec.references import Reference
from s2sgraph.spec.sides import FeatureSource, FeatureTarget, Special, TokenSource, TokenTarget
from s2sgraph.spec.training import Train

Items = tuple[Layer | Block | Faulty, ...]
Source = TokenSource | FeatureSource
Target = TokenTarget | FeatureTarget


def encoder_chains(chains: Mapping[KeyPath, Items]) -> Iterator[Problem]:
    """An encoder has no output layer and no step before."""
    for top, chain in chains.items():
        for path, layer in layers(chain, top):
            if layer.word == "output":
                yield Problem(path, "an output belongs in the decoder", "remove it", at_key=True)
            for key, reference in layer.references():
                if reference.previous:
                    message = "prev. is the step before, which only a decoder has"
                    yield Problem(
                        (*path, *key),
                        message,
                        f"write {str(reference)[5:]}, or move it to the decoder",
                    )


def decoder_chain(chain: Items) -> Iterator[Problem]:
    """A decoder has one output at its top, and goes forward."""
    outputs: list[KeyPath] = []
    for path, layer in layers(chain, ("decoder",)):
        if layer.word == "output":
            if len(path) == 3:
                outputs.append(path)
            else:
                yield Problem(
                    path, "an output cannot be repeated", "move it out of the block", at_key=True
                )
        if getattr(layer, "direction", "forward") != "forward":
            message = "a decoder goes forward: what comes later is not known yet"
            yield Problem((*path, "direction"), message, "remove direction")
    unclear = [item for item in chain if isinstance(item, Faulty) and item.word in {"", "output"}]
    if not outputs and not unclear:
        yield Problem(
            ("decoder",), "a decoder needs an output layer", "add `- output` at its end", True
        )
    for path in outputs[1:]:
        yield Problem(path, "a second output: a decoder has one", "remove one", at_key=True)


def decoder_and_target(chain: Items, target: Target) -> Iterator[Problem]:
    """What the output layer and the references say fits the target."""
    features = isinstance(target, FeatureTarget)
    for path, layer in layers(chain, ("decoder",)):
        if layer.word == "output":
            yield from _output(path, layer, features)
        for key, reference in layer.references():
            if reference.path[:2] == ("encoder", "here") and target.length != "source":
                message = "encoder.here needs a target as long as the source"
                yield Problem((*path, *key), message, "write length: source under target")


def _output(path: KeyPath, layer: Layer, features: bool) -> Iterator[Problem]:
    kind, loss = getattr(layer, "kind", "auto"), getattr(layer, "loss", "mse")
    if not features and kind != "auto":
        yield Problem((*path, "kind"), f"{kind} is for a target of features", "remove kind")
    if not features and loss != "mse":
        yield Problem((*path, "loss"), f"{loss} is for a target of features", "remove loss")


def sources_and_encoders(
    source: Source | dict[str, Source], encoders: Mapping[str, Items] | None, memory: str | None
) -> Iterator[Problem]:
    """Several sources have an encoder each, and one of them is the memory."""
    if not isinstance(source, dict):
        if encoders is not None:
            message = "encoders is for several sources; here is one"
            yield Problem(("encoders",), message, "write encoder, or name the sources", True)
        if memory is not None:
            yield Problem(
                ("memory",), "memory is for several sources; here is one", "remove it", True
            )
        return
    if encoders is None:
        message = "several sources need an encoder each"
        yield Problem(("source",), message, "write encoders", True)
        return
    yield from _one_for_each(source, encoders)
    if memory is None:
        message = "missing: memory says which encoder attention reads by default"
        yield Problem(("encoders",), message, f"write memory: {one_of(list(source))}", True)
    elif memory not in source:
        hint = did_you_mean(memory, source) or f"the sources are {one_of(list(source))}"
        yield Problem(("memory",), f"no source is called {memory}", hint)


def _one_for_each(source: Mapping[str, Source], encoders: Mapping[str, Items]) -> Iterator[Problem]:
    for name in encoders:
        if name not in source:
            hint = did_you_mean(name, source) or f"the sources are {one_of(list(source))}"
            yield Problem(("encoders", name), f"no source is called {name}", hint, True)
    for name in source:
        if name not in encoders:
            yield Problem(
                ("source", name), f"the source {name} has no encoder", "add it under encoders", True
            )


def source_and_target(source: Source | dict[str, Source], target: Target) -> Iterator[Problem]:
    """What the target takes from the source is there."""
    if isinstance(target, TokenTarget):
        if target.vocabulary == "shared":
            yield from _shared(source, target)
        return
    for key, reference in _start_references(target):
        if reference.path[0] != "source":
            continue
        if not isinstance(source, FeatureSource):
            yield Problem(
                key, f"{reference} needs one source of features", "write zeros or learned"
            )
        elif (
            reference.path == ("source", "last")
            and key == ("target", "start")
            and source.features != target.features
        ):
            message = f"source.last has {source.features} features and the target {target.features}"
            yield Problem(key, message, "pass it through a product: {dense: source.last}")


def _start_references(target: FeatureTarget) -> Iterator[tuple[KeyPath, Reference]]:
    for key, reference in references(target.start):
        path = ("target", "start") if key == ("reference",) else ("target", "start", *key)
        yield path, reference


def _shared(source: Source | dict[str, Source], target: TokenTarget) -> Iterator[Problem]:
    sides = source.values() if isinstance(source, dict) else [source]
    kinds = {side.tokens for side in sides if isinstance(side, TokenSource)}
    if not kinds:
        message = "no source has tokens, so there is no vocabulary to share"
        yield Problem(("target", "vocabulary"), message, "write own")
    elif target.tokens not in kinds:
        words = one_of(sorted(kinds))
        message = f"the source has {words}, so {target.tokens} cannot share its vocabulary"
        yield Problem(("target", "vocabulary"), message, "write the same tokens on both sides")


def step_names(steps: Mapping[str, object], target: Target, chain: Items) -> Iterator[Problem]:
    """Values known for every step have names of their own and a length known in advance."""
    if steps and target.length == "free":
        message = "values for every step need a target whose length is known"
        yield Problem(("steps",), message, "write length: steps under target", True)
    for index, item in enumerate(chain):
        if isinstance(item, Layer | Block) and item.label in steps:
            path: KeyPath = (
                ("decoder", index) if isinstance(item, Block) else ("decoder", index, item.word)
            )
            message = f"the name {item.label} is also one of steps"
            yield Problem((*path, "name"), message, "give one of them another name")


def special_ids(
    special: Special, source: Source | dict[str, Source], target: Target
) -> Iterator[Problem]:
    """Ids given by the caller leave room for the special symbols."""
    sides: dict[KeyPath, Source | Target] = {("target",): target}
    if isinstance(source, dict):
        sides |= {("source", name): side for name, side in source.items()}
    else:
        sides["source",] = source
    largest = max(special.pad, special.bos, special.eos, special.unk)
    for path, side in sides.items():
        if (
            isinstance(side, TokenSource | TokenTarget)
            and side.tokens == "ids"
            and side.size is not None
        ):
            if side.size > largest:
                continue
            message = f"{side.size} ids leave no room for the special id {largest}"
            yield Problem((*path, "size"), message, f"write at least {largest + 1}")


def data_columns(
    data: Data, source: Source | dict[str, Source], target: Target, steps: Mapping[str, object]
) -> Iterator[Problem]:
    """Files for each name have one for every input of the model, and for nothing else."""
    sources = source if isinstance(source, dict) else {"source": source}
    static = [f"{name}_static" for name, side in sources.items() if getattr(side, "static", None)]
    names = [*sources, *static, *steps, "target"]
    for which in ("train", "dev", "test"):
        parts = getattr(data, which) or ()
        for index, part in enumerate(parts):
            path: KeyPath = ("data", which, index)
            unknown = [name for name in part.columns if name not in names]
            for name in unknown:
                hint = did_you_mean(name, [*names, "file", "weight", "alignments"])
                yield Problem(
                    (*path, name),
                    f"no input is called {name}",
                    hint or f"there are {one_of(names)}",
                    at_key=True,
                )
            missing = [name for name in names if part.columns and name not in part.columns]
            if missing and not unknown:
                message = f"missing: a file for {one_of(missing).replace(' or ', ' and ')}"
                yield Problem(path, message, "give one for each, or one file of whole rows")


def data_names(
    source: Source | dict[str, Source], steps: Mapping[str, object]
) -> Iterator[Problem]:
    """No source or step value is called what is another key beside the files of data."""
    sources = source if isinstance(source, dict) else {}
    for top, names in (("source", sources), ("steps", steps)):
        for name in names:
            if name in ("file", "weight", "alignments"):
                message = f"{name} has a meaning of its own beside the files of data"
                yield Problem((top, name), message, "choose another name", at_key=True)


def alignments(data: Data, train: Train) -> Iterator[Problem]:
    """Alignments that are to guide training are there."""
    if train.guided_alignment is None:
        return
    for index, part in enumerate(data.train or ()):
        if part.alignments is None:
            message = "missing: alignments, which train.guided_alignment needs"
            hint = f"write {{{_files(part)}, alignments: FILE}}"
            yield Problem(("data", "train", index), message, hint)


def _files(part: Part) -> str:
    files = part.columns if part.file is None else {"file": part.file}
    return ", ".join(f"{name}: {file}" for name, file in files.items())


def r_drop(train: Train, chains: Iterable[Items], target: Target) -> Iterator[Problem]:
    """Two passes give distributions, and not the same ones."""
    if train.r_drop is None:
        return
    at = ("train", "r_drop")
    if not isinstance(target, TokenTarget):
        message = "two passes agree on distributions over symbols, and the target has features"
        yield Problem(at, message, "remove it")
    elif not any(_drops(layer) for chain in chains for _, layer in layers(chain)):
        message = "no layer has dropout, so two passes are the same"
        yield Problem(at, message, "write dropout: 0.1 in some layers, or remove it")


def distillation(train: Train, target: Target) -> Iterator[Problem]:
    """Teachers and student predict distributions."""
    if train.distillation is not None and not isinstance(target, TokenTarget):
        message = "a student learns distributions over symbols, and the target has features"
        yield Problem(("train", "distillation"), message, "remove it")


def _drops(layer: Layer) -> bool:
    """Whether a layer has dropout of any kind."""
    rate = "rate" if layer.word == "dropout" else "dropout"
    return any(name.endswith(rate) and value > 0 for name, value in layer)


def scheduled_sampling(train: Train, decoder: Items, target: Target) -> Iterator[Problem]:
    """What is drawn by its chance has one."""
    sampling = train.scheduled_sampling
    if sampling is None or sampling.predictions != "sample" or isinstance(target, TokenTarget):
        return
    outputs = [layer for _, layer in layers(decoder, ("decoder",)) if layer.word == "output"]
    if any(getattr(layer, "kind", "") != "gaussian" for layer in outputs):
        message = "features have no chances to draw by, unless the output is gaussian"
        at = ("train", "scheduled_sampling", "predictions")
        yield Problem(at, message, "write argmax, or output: {kind: gaussian}")
