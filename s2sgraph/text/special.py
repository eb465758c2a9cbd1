"""The symbols that stand for no text: padding, start, end, unknown."""

from dataclasses import asdict, dataclass

SPECIAL_NAMES = {"pad": "<pad>", "bos": "<bos>", "eos": "<eos>", "unk": "<unk>"}


@dataclass(frozen=True)
class Special:
    """The ids of the special symbols.

    Two may share an id, as in models that start a target with the padding symbol.
    """

    pad: int = 0
    bos: int = 1
    eos: int = 2
    unk: int = 3

    def __post_init__(self) -> None:
        for name, index in self.to_json().items():
            # bool is an int to Python, but `true` is no id.
            if type(index) is not int or index < 0:
                raise ValueError(f"the id of {name} is {index!r}; expected a whole number from 0")

    def to_json(self) -> dict[str, int]:
        """The ids by name, in the order pad, bos, eos, unk."""
        return asdict(self)

    def names(self) -> dict[int, str]:
        """The symbol at each special id; of two names with one id, the first."""
        named: dict[int, str] = {}
        for name, index in self.to_json().items():
            named.setdefault(index, SPECIAL_NAMES[name])
        return named
