"""Sides: what goes into a model and what comes out, as tokens or as features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from s2sgraph.spec.checking import Settings, rule
from s2sgraph.spec.errors import Problem
from s2sgraph.spec.fields import Filename, Size
from s2sgraph.spec.messages import refuse, shown
from s2sgraph.spec.starts import Start, ZeroStart

SUBWORDS = 8000
"""Symbols of an open vocabulary of subwords, when no size is given."""

Tokens = Literal["characters", "words", "subwords", "ids"]
TOKENS = get_args(Tokens)

Normalization = Literal[
    "nfc", "nfd", "nfkc", "nfkd", "lowercase", "casefold", "strip_accents", "spaces"
]
NORMALIZATIONS = get_args(Normalization)

Symbol = Annotated[str, Field(min_length=1, max_length=200)]


class Special(Settings):
    """Ids of the special symbols."""

    pad: int = Field(default=0, ge=0, lt=1000)
    bos: int = Field(default=1, ge=0, lt=1000)
    eos: int = Field(default=2, ge=0, lt=1000)
    unk: int = Field(default=3, ge=0, lt=1000)

    @rule("pad", "bos", "eos", "unk")
    def _distinct(self) -> Iterator[Problem]:
        names: dict[int, str] = {}
        for name in ("pad", "bos", "eos", "unk"):
            other = names.setdefault(getattr(self, name), name)
            if other != name:
                yield Problem((name,), f"{other} and {name} have the same id", "give each its own")


def _steps(value: Any) -> Any:
    """One step, or a list of them."""
    return (value,) if isinstance(value, str) else value


Normalizations = Annotated[
    tuple[Normalization, ...],
    Field(strict=False),
    BeforeValidator(_steps),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(NORMALIZATIONS)},
                {"type": "array", "items": {"enum": list(NORMALIZATIONS)}},
            ]
        }
    ),
]


class TokenSide(Settings):
    """A side of tokens.

    Attributes:
        tokens: what one token is; `ids` are numbers that the caller gives.
        symbols: the vocabulary, without the special symbols.
        file: the vocabulary as a file, one symbol a line; for subwords a tokenizer.json.
        least: how often a symbol occurs at least, for an open vocabulary.
        size: most symbols of an open vocabulary; for `ids` their number, special ids included.
        algorithm: how open subwords are learned.
        normalize: what is done to each line before it is cut, step by step.
    """

    tokens: Tokens
    symbols: Annotated[tuple[Symbol, ...], Field(strict=False, min_length=1)] | None = None
    file: Filename | None = None
    least: Size = 1
    size: Size | None = None
    algorithm: Literal["bpe", "unigram"] = "bpe"
    normalize: Normalizations = ()

    @property
    def open(self) -> bool:
        """Whether training has still to close the vocabulary."""
        return self.tokens != "ids" and self.symbols is None and self.file is None

    @property
    def limit(self) -> int | None:
        """Most symbols of an open vocabulary; None is no limit."""
        return SUBWORDS if self.size is None and self.tokens == "subwords" else self.size

    @rule("tokens", "symbols", "file", "least", "size")
    def _one_vocabulary(self) -> Iterator[Problem]:
        given = [key for key in ("symbols", "file") if getattr(self, key) is not None]
        if self.tokens == "ids":
            if self.size is None:
                yield Problem(
                    (), "missing: size is needed here", "for ids, size is how many there are"
                )
            for key in given:
                yield Problem((key,), f"ids have no {key}", "give their number as size", True)
            given = given or ["ids"]
        elif len(given) == 2:
            yield Problem(("file",), "symbols and file both give the vocabulary", "keep one", True)
        elif given and self.size is not None:
            yield Problem(
                ("size",),
                f"{given[0]} already says how many symbols there are",
                "remove size",
                True,
            )
        if given and self.least != 1:
            yield Problem(
                ("least",), "least is for a vocabulary that training closes", "remove it", True
            )

    @rule("tokens", "symbols", "file", "algorithm", "least")
    def _learned_or_counted(self) -> Iterator[Problem]:
        learned = self.tokens == "subwords" and self.open
        if self.algorithm != "bpe" and not learned:
            message = "algorithm is for subwords that training learns"
            yield Problem(("algorithm",), message, "remove it", True)
        if learned and self.least != 1:
            message = "least is for symbols that are counted; subwords are learned"
            yield Problem(("least",), message, "remove it, and set size", True)
        if self.tokens == "subwords" and self.symbols is not None:
            message = "a list of symbols does not say how lines are cut into subwords"
            yield Problem(("symbols",), message, "name a tokenizer.json as file", True)

    @rule("tokens", "normalize")
    def _text_is_normalized(self) -> Iterator[Problem]:
        if self.tokens == "ids" and self.normalize:
            yield Problem(("normalize",), "ids are no text to normalize", "remove it", True)

    @rule("symbols")
    def _symbols_differ(self) -> Iterator[Problem]:
        seen: set[str] = set()
        for index, symbol in enumerate(self.symbols or ()):
            if symbol in seen:
                yield Problem(
                    ("symbols", index), f"the symbol {shown(symbol)} is listed twice", "remove one"
                )
            seen.add(symbol)


ABOUT_VOCABULARIES = ("symbols", "file", "least", "size", "algorithm", "normalize")


class TokenSource(TokenSide):
    """A source of tokens; `end` adds the end symbol to each sentence."""

    end: bool = False


class TokenTarget(TokenSide):
    """A target of tokens.

    Attributes:
        vocabulary: `shared` uses the vocabulary of the source.
        length: `free` ends with the end symbol, `source` has one token for each of the source,
            `steps` is given at run time.
    """

    vocabulary: Literal["own", "shared"] = "own"
    length: Literal["free", "source", "steps"] = "free"

    @rule("tokens", "vocabulary", *ABOUT_VOCABULARIES)
    def _shared_is_elsewhere(self) -> Iterator[Problem]:
        if self.vocabulary == "own" or self.tokens == "ids":
            return
        for key in ABOUT_VOCABULARIES:
            if getattr(self, key) != type(self).model_fields[key].default:
                yield Problem(
                    (key,), "a shared vocabulary is described at the source", f"remove {key}", True
                )


class Normalize(Settings):
    """Mean and standard deviation of each feature, undone at the output."""

    mean: Annotated[tuple[float, ...], Field(strict=False, min_length=1)]
    standard: Annotated[
        tuple[Annotated[float, Field(gt=0)], ...], Field(strict=False, min_length=1)
    ]


class FeatureSide(Settings):
    """A side of feature vectors, one per place."""

    features: Size
    normalize: Normalize | None = None

    @rule("features", "normalize")
    def _one_number_each(self) -> Iterator[Problem]:
        for key in ("mean", "standard") if self.normalize else ():
            count = len(getattr(self.normalize, key))
            if count != self.features:
                message = f"{count} numbers for {self.features} features"
                yield Problem(("normalize", key), message, "give one for each feature")


class StaticValues(Settings):
    """Values of a whole sentence."""

    features: Size


class FeatureSource(FeatureSide):
    """A source of features; `static` are values known for the whole sentence."""

    static: StaticValues | None = None


class FeatureTarget(FeatureSide):
    """A target of features.

    Attributes:
        length: `steps` is given at run time, `source` is that of the source.
        start: the frame before the first.
    """

    length: Literal["free", "source", "steps"] = "steps"
    start: Start = ZeroStart()

    @rule("length")
    def _no_end_symbol(self) -> Iterator[Problem]:
        if self.length == "free":
            message = "features have no end symbol, so their length cannot be free"
            yield Problem(("length",), message, "write steps or source")


class StepValues(Settings):
    """Values known in advance for every place of the target."""

    features: Size


def _side(
    value: Any, tokens: type[TokenSide], features: type[FeatureSide]
) -> TokenSide | FeatureSide:
    if isinstance(value, tokens | features):
        return value
    if not isinstance(value, Mapping):
        hint = f"write {{tokens: {value}}}" if value in TOKENS else ""
        raise refuse(f"expected a mapping with tokens or features, not {shown(value)}", hint)
    if "tokens" in value and "features" in value:
        raise refuse("a side has tokens or features, not both", "keep one of the two keys")
    return (features if "features" in value else tokens).model_validate(value)


def read_source(value: Any) -> TokenSide | FeatureSide:
    """One source."""
    return _side(value, TokenSource, FeatureSource)


def read_target(value: Any) -> TokenSide | FeatureSide:
    """The target."""
    return _side(value, TokenTarget, FeatureTarget)


def _schema(tokens: type[Settings], features: type[Settings]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"x-ref": f"{side.__name__}"} for side in (tokens, features)]})


SourceSide = Annotated[
    TokenSource | FeatureSource, PlainValidator(read_source), _schema(TokenSource, FeatureSource)
]
TargetSide = Annotated[
    TokenTarget | FeatureTarget, PlainValidator(read_target), _schema(TokenTarget, FeatureTarget)
]
