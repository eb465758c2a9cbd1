"""Subwords of SentencePiece models, by the `sentencepiece` library, which is an extra."""

import base64
import binascii
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar


class SentencePieces:
    """Units of a SentencePiece model (Kudo and Richardson 2018), cut as that library cuts them.

    `model` is the content of a `.model` file. Raises ValueError for any other content, and where
    the library is not installed.
    """

    kind: ClassVar[str] = "subwords"

    def __init__(self, model: bytes) -> None:
        self.model = model
        self._processor = _loaded(model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SentencePieces) and self.model == other.model

    def __hash__(self) -> int:
        return hash(self.model)

    @classmethod
    def from_text(cls, text: str) -> "SentencePieces":
        """The model that `to_json` wrote as text."""
        try:
            return cls(base64.b64decode(text, validate=True))
        except binascii.Error as error:
            raise ValueError(f"not a SentencePiece model: {error}") from None

    @property
    def all_symbols(self) -> list[str]:
        """All units of the model at their ids, control symbols included."""
        pieces = range(self._processor.get_piece_size())
        return [self._processor.id_to_piece(index) for index in pieces]

    @property
    def symbols(self) -> list[str]:
        """The units in the order of their ids, without control symbols and the unknown one."""
        return [s for index, s in enumerate(self.all_symbols) if not self._is_special(index)]

    def reserves(self, ids: Iterable[int]) -> bool:
        """Whether the model has a control symbol of its own at each of these ids."""
        size = self._processor.get_piece_size()
        return all(index < size and self._is_special(index) for index in ids)

    def _is_special(self, index: int) -> bool:
        processor = self._processor
        return bool(processor.is_control(index) or processor.is_unknown(index))

    def split(self, line: str) -> list[str]:
        """The units of the line; what the model does not know stands as in the line."""
        units: list[str] = self._processor.encode(line, out_type=str)
        return units

    def join(self, units: Sequence[str]) -> str:
        """The line that the units make."""
        line: str = self._processor.decode_pieces(list(units))
        return line

    def to_json(self) -> dict[str, Any]:
        """The model as text."""
        return {"sentencepiece": base64.b64encode(self.model).decode("ascii")}


def library() -> Any:
    """The library. Raises ValueError where it is not installed."""
    try:
        with warnings.catch_warnings():
            # What its generated bindings say to their own authors.
            warnings.simplefilter("ignore", DeprecationWarning)
            import sentencepiece
    except ImportError:
        problem = "the library sentencepiece is missing: pip install 's2sgraph[sentencepiece]'"
        raise ValueError(problem) from None
    return sentencepiece


def _loaded(model: bytes) -> Any:
    processor = library().SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(model)
    except RuntimeError as error:
        raise ValueError(f"not a SentencePiece model: {error}") from None
    return processor
