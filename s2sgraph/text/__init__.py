"""Text to ids and back: vocabularies and the units they are made of. Needs no numpy."""

from s2sgraph.text.building import build, count
from s2sgraph.text.byte_pairs import BytePairs, byte_pairs, bytes_of, settled, unit_of
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
    "BytePairs",
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
    "byte_pairs",
    "bytes_of",
    "count",
    "from_json",
    "normalize",
    "sent",
    "settled",
    "subwords_of",
    "unit_of",
]
