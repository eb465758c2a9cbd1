"""What settings of training ask of a model: weights to look at, places, values to predict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from s2sgraph.layers.attention import Attention
from s2sgraph.model.attending import attentions
from s2sgraph.model.layers import LayerNode
from s2sgraph.model.sides import side_of
from s2sgraph.model.targets import Resolver, Target, UnresolvedError
from s2sgraph.spec.attention_losses import AttentionLoss, GuidedAlignment
from s2sgraph.spec.dumping import plain
from s2sgraph.spec.errors import Problem
from s2sgraph.spec.messages import did_you_mean, one_of
from s2sgraph.spec.places import KeyPath
from s2sgraph.spec.references import Reference
from s2sgraph.spec.schema import Spec
from s2sgraph.spec.sides import TokenSide

Targets = Mapping[str, Mapping[Reference, Target]]


@dataclass(frozen=True)
class Watched:
    """The weights of an attention that a loss looks at.

    Attributes:
        output: the reference of an output: `[batch, time, source]`, or with a head between.
        chain: the encoder whose places they are of.
    """

    output: str
    chain: str


class Supervision:
    """What the losses of a spec look at.

    Args:
        spec: the spec.
        resolver: of the names of its layers.
        nodes: its layers by path.
        targets: what the references of each layer mean.
    """

    def __init__(
        self, spec: Spec, resolver: Resolver, nodes: Mapping[str, LayerNode], targets: Targets
    ) -> None:
        self.spec, self.resolver, self.targets = spec, resolver, targets
        self.attentions = attentions(nodes)

    def watched(self, loss: AttentionLoss) -> Watched:
        """What a loss looks at. Raises UnresolvedError if it is not there, or not clear."""
        name = self._name(loss)
        node = self.attentions[name]
        assert isinstance(node.layer, Attention)
        chain = self.targets[node.path][node.layer.memory].chain
        headed = isinstance(loss, GuidedAlignment) and loss.head is not None
        return Watched(f"{name}.{'heads' if headed else 'weights'}", chain)

    def described(self) -> list[str]:
        """What training does besides, for people, a line each."""
        train = self.spec.train
        losses = {"coverage_loss": train.coverage_loss, "guided_alignment": train.guided_alignment}
        found = [
            f"trains with {key}: {self.watched(loss).output}, weight {loss.weight:g}"
            for key, loss in losses.items()
            if loss is not None
        ]
        if train.r_drop is not None:
            found.append(f"trains with r_drop: weight {train.r_drop:g}")
        if train.distillation is not None:
            settings = plain(train.distillation, full=True).items()
            told = ", ".join(f"{name} {value:g}" for name, value in settings)
            found.append(f"trains with distillation: {told}")
        if train.scheduled_sampling is not None:
            settings = plain(train.scheduled_sampling).items()
            told = ", ".join(f"{name} {value}" for name, value in settings)
            found.append(f"trains with scheduled_sampling: {told.removeprefix('kind ')}")
        return found

    def _name(self, loss: AttentionLoss) -> str:
        """The attention that a loss names, or the only one."""
        known = one_of([*self.attentions])
        if not self.attentions:
            raise UnresolvedError("the decoder has no attention", "add one, or remove this loss")
        if loss.attention is None:
            if len(self.attentions) > 1:
                message = f"the decoder has {len(self.attentions)} attentions; which one is meant?"
                raise UnresolvedError(message, f"write attention: {known}")
            return next(iter(self.attentions))
        try:
            target = self.resolver.output(loss.attention)
        except UnresolvedError as error:
            near = did_you_mean(str(loss.attention), self.attentions)
            raise UnresolvedError(str(error), near or f"write {known}") from None
        for name, node in self.attentions.items():
            if (target.what, target.node) == ("output", node.path):
                return name
        raise UnresolvedError(f"{loss.attention} is no attention of the decoder", f"write {known}")

    def problems(self) -> Iterator[Problem]:
        """Everything that training asks for and cannot have."""
        train = self.spec.train
        for key in ("coverage_loss", "guided_alignment"):
            loss: AttentionLoss | None = getattr(train, key)
            if loss is None:
                continue
            at: KeyPath = ("train", key)
            try:
                chain = self.watched(loss).chain
            except UnresolvedError as error:
                where = (*at, "attention") if self.attentions and loss.attention else at
                yield Problem(where, str(error), error.hint)
                continue
            if isinstance(loss, GuidedAlignment):
                yield from self._head(loss, at)
                yield from self._places(chain, at)
        if train.scheduled_sampling is not None and not self._reads_before():
            message = "the decoder does not read the values before, so none can be in their place"
            yield Problem(("train", "scheduled_sampling"), message, "remove it")

    def _head(self, loss: GuidedAlignment, at: KeyPath) -> Iterator[Problem]:
        """A head that the attention does not have."""
        name = self._name(loss)
        heads = getattr(self.attentions[name].layer, "heads", None)
        if loss.head is None or (heads is not None and loss.head < heads):
            return
        if heads is None:
            yield Problem((*at, "head"), f"{name} has no heads", "remove head")
        else:
            message = f"{name} has no head {loss.head}"
            yield Problem((*at, "head"), message, f"its heads are 0 to {heads - 1}")

    def _places(self, chain: str, at: KeyPath) -> Iterator[Problem]:
        """Sides whose places are not those that a file of alignments counts."""
        named = chain if self.spec.encoders is not None else "source"
        for name, of in ((named, chain), ("target", "decoder")):
            side = side_of(self.spec, of)
            if isinstance(side, TokenSide) and side.tokens == "subwords":
                message = f"alignments count words, and the places of {name} are subwords"
                yield Problem(at, message, "write tokens: words, or characters; or cut subwords"
                              " beforehand, and align those as words")  # fmt: skip

    def _reads_before(self) -> bool:
        """Whether a layer of the decoder reads what it is given: the value before."""
        found = (target for targets in self.targets.values() for target in targets.values())
        return any(target.what == "input" and target.chain == "decoder" for target in found)
