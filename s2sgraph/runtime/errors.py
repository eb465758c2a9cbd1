"""The error of the runtime stage: a file that cannot be used, or inputs it cannot take."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches


class ModelError(Exception):
    """What is wrong with a model file or with what it was given; one line for each problem."""


class DeadlineError(ModelError):
    """A call that took longer than it was allowed; the session is as usable as before."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` for a word that resembles a known one, else the known ones."""
    known = list(known)
    close = get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; expected one of {', '.join(known)}"


@contextmanager
def runtime_errors(doing: str) -> Iterator[None]:
    """Turn whatever the runtime raises into a ModelError that says what was being done.

    All exceptions, not only the runtime's own classes: a damaged file can make it raise even a
    UnicodeDecodeError, from the text of its own message.
    """
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(f"{doing}: {reason[0][:400]}") from error
