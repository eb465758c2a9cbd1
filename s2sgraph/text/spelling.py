"""What a file reads and writes as text by itself, and in which form its clients send lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from s2sgraph.text.marks import SEPARATOR
from s2sgraph.text.vocabulary import Vocabulary

Form = Literal["standard", "onnxruntime", "extensions"]


@dataclass(frozen=True)
class Spelling:
    """The sides of a file that are text.

    Attributes:
        sources: the vocabulary of each source that comes in as lines.
        target: the vocabulary of what goes out as lines.
        form: what cuts lines into characters. The operators of the ONNX `standard` cannot, so
            its clients do and put a separator between each two; `onnxruntime` has an operator
            of its own; `extensions` has that, and one of onnxruntime-extensions that cuts lines
            into subwords. Words are cut by the file in any form.
    """

    sources: Mapping[str, Vocabulary]
    target: Vocabulary
    form: Form = "standard"

    def separator(self, source: str) -> str:
        """What clients put between the characters of a line; nothing where the file cuts it."""
        apart = self.form == "standard" and self.sources[source].kind == "characters"
        return SEPARATOR if apart else ""


def sent(vocabulary: Vocabulary, line: str, separator: str) -> str:
    """A line as the clients of a file send it: its characters apart, if there is a separator."""
    if not separator:
        return line
    # The separator itself is no symbol of such files, so it goes as another one that is none.
    unknown = vocabulary.symbols[vocabulary.special.unk]
    return separator.join(unknown if unit == separator else unit for unit in vocabulary.split(line))
