"""Lines of a text file, taken as bytes: what is odd about each, and what to do about it."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from s2sgraph.data.errors import DamagedError, DataError, Fault
from s2sgraph.data.policies import ADVICE, Policy

LONGEST = 1_000_000
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Line:
    """One line without its line end, and the faults of its bytes (empty for a sound line).

    `text` is the repaired line: without byte order mark, CR at the end and NUL, and with U+FFFD
    for bytes that are no UTF-8. It is cut at the longest length allowed.
    """

    number: int
    text: str
    faults: tuple[Fault, ...] = ()


def inspect(number: int, raw: bytes, longest: int = LONGEST) -> Line:
    r"""The line of bytes `raw` (its \n may still be on), and what is wrong with it."""
    problems = []
    body = raw.removesuffix(b"\n")
    if number == 1 and body.startswith(_BOM):
        body = body.removeprefix(_BOM)
        problems.append(("byte order mark", "UTF-8 without one"))
    if body.endswith(b"\r"):
        body = body.rstrip(b"\r")
        problems.append(("carriage return at the end", r"lines that end in \n alone"))
    if b"\0" in body:
        body = body.replace(b"\0", b"")
        problems.append(("NUL byte", "text"))
    try:
        text = body[:longest].decode("utf-8")
    except UnicodeDecodeError as error:
        text = body[:longest].decode("utf-8", errors="replace")
        if len(body) <= longest:  # else a character may be cut in two
            problems.append((f"no UTF-8 at byte {error.start + 1}", "UTF-8"))
    if len(body) > longest:
        problems.append(("line too long", f"at most {longest:,} bytes"))
    return Line(number, text, tuple(Fault(number, *problem) for problem in problems))


def scan(stream: IO[bytes], longest: int = LONGEST) -> Iterator[Line]:
    r"""Every line of a stream of bytes, sound or not. Lines end at \n bytes and nowhere else.

    A line of any length takes little more memory than `longest`.
    """
    number = 0
    room = longest + len(_BOM) + 2  # one byte more than fits shows that a line is too long
    while raw := stream.readline(room):
        number += 1
        if not raw.endswith(b"\n") and len(raw) == room:
            rest = raw
            while rest and not rest.endswith(b"\n"):
                rest = stream.readline(1 << 16)
        yield inspect(number, raw, longest)


def scan_file(path: str | Path, longest: int = LONGEST) -> Iterator[Line]:
    """Every line of a file, plain or gzip by its name.

    Raises DataError if it cannot be read, and DamagedError where a gzip file breaks off: the line
    of the fault is the first that is lost.
    """
    path = Path(path)
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            for line in scan(cast(IO[bytes], stream), longest):
                number = line.number
                yield line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        fault = Fault(number + 1, f"damaged gzip file ({error})")
        raise DamagedError(path, [fault]) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(path, [Fault(0, f"cannot be read ({reason})")]) from None


def read_lines(path: str | Path, policy: Policy = "error", longest: int = LONGEST) -> list[Line]:
    """The lines of a file (plain, or gzip by its name) under a policy for odd ones.

    `error` raises one DataError that lists every fault; `skip` leaves odd lines out (their
    numbers are missing from the result); `keep` gives every line, repaired as `Line` says.
    """
    lines = list(scan_file(path, longest))
    if policy == "keep":
        return lines
    faults = [fault for line in lines for fault in line.faults]
    if policy == "error" and faults:
        raise DataError(path, faults, ADVICE)
    return [line for line in lines if not line.faults]
