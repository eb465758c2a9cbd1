"""Text to ids and back: vocabularies and the units they are made of. Needs no numpy."""

from s2sgraph.text.building import build, count
from s2sgraph.text.marks import SEPARATOR, WHITE_SPACE
from s2sgraph.text.normalizing import STEPS, normalize
from s2sgraph.text.sentence_pieces import SentencePieces
from s2sgraph.text.special import SPECIAL_NAMES, Special
from s2sgraph.text.spelling import Form, Spelling, sent
from s2sgraph.text.subwords import Subwords
from s2sgraph.text.units import KINDS, Characters, Units, Words, subwords_of
from s2sgraph.text.vocabulary import Ids, Vocabulary, from_json

__all__ = [
    "KINDS",
    "SEPARATOR",
    "SPECIAL_NAMES",
    "STEPS",
    "WHITE_SPACE",
    "Characters",
    "Form",
    "Ids",
    "SentencePieces",
    "Special",
    "Spelling",
    "Subwords",
    "Units",
    "Vocabulary",
    "Words",
    "build",
    "count",
    "from_json",
    "normalize",
    "sent",
    "subwords_of",
]
