"""Options of `run` as inputs of the file: beams, seeds, and what a result must or may not say."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from s2sgraph.runtime import Contract
    from s2sgraph.text import Ids, Vocabulary


def inputs_of(
    contract: Contract,
    *,
    beams: int | None,
    n_best: int | None,
    seed: int | None,
    prefix: str | None,
    ban: list[str] | None,
) -> dict[str, Any]:
    """The file's inputs by name, of those options that are given.

    Raises BadParameter for an option whose input the file lacks, and for what is no symbol.
    """
    given = {
        "beams": ("--beams", beams),
        "n_best": ("--n-best", n_best),
        "seed": ("--seed", seed),
        "prefix": ("--prefix", prefix),
        "banned": ("--ban", ban or None),
    }
    found: dict[str, Any] = {}
    for name, (option, value) in given.items():
        if value is None:
            continue
        if contract.input(name) is None:
            hint = f"the file has no input {name!r}; export it with --inputs {name}"
            raise typer.BadParameter(hint, param_hint=option)
        found[name] = value
    target = contract.vocabularies.get("target")
    if prefix is not None:
        found["prefix"] = _prefix(target, prefix)
    if ban:
        found["banned"] = [_symbol(target, symbol) for symbol in ban]
    return found


def check_sampling(contract: Contract) -> None:
    """Raise BadParameter unless the file draws its results."""
    from s2sgraph.spec import loads

    kind = loads(contract.spec).search.word
    if kind != "sample":
        hint = f"the file's search is {kind}; export it with --set search.kind=sample"
        raise typer.BadParameter(hint, param_hint="--sample")


def _prefix(target: Vocabulary | Ids | None, text: str) -> list[int]:
    if target is None:
        raise typer.BadParameter("the file writes no symbols", param_hint="--prefix")
    try:
        ids = target.encode(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--prefix") from None
    ids = ids[:-1] if target.end else ids
    if target.kind != "ids" and target.special.unk in ids:
        known = target.decode(ids[: ids.index(target.special.unk)])
        hint = f"{text!r} has what is no symbol of the file, after {known!r}"
        raise typer.BadParameter(hint, param_hint="--prefix")
    return ids


def _symbol(target: Vocabulary | Ids | None, symbol: str) -> int:
    """The id of a symbol by its name, special ones too, `<unk>`."""
    names = [] if target is None else target.named(range(target.size or 0))
    if symbol not in names:
        close = get_close_matches(symbol, names, n=1)
        hint = f"{symbol!r} is no symbol of the file" + (
            f"; did you mean {close[0]!r}?" if close else ""
        )
        raise typer.BadParameter(hint, param_hint="--ban")
    return names.index(symbol)
