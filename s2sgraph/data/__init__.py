"""Data files and batches, in numpy."""

from s2sgraph.data.alignments import ALIGNMENTS, outside
from s2sgraph.data.archives import read_archive
from s2sgraph.data.batches import Batches, collate, order
from s2sgraph.data.corpus import Corpus, Part
from s2sgraph.data.errors import DataError, Fault
from s2sgraph.data.fields import Field, Row
from s2sgraph.data.json_lines import read_json_lines
from s2sgraph.data.lines import Line, read_lines
from s2sgraph.data.parallel import Pair, read_parallel
from s2sgraph.data.policies import Place, Policy, Record, Report, Sieve

__all__ = [
    "ALIGNMENTS",
    "Batches",
    "Corpus",
    "DataError",
    "Fault",
    "Field",
    "Line",
    "Pair",
    "Part",
    "Place",
    "Policy",
    "Record",
    "Report",
    "Row",
    "Sieve",
    "collate",
    "order",
    "outside",
    "read_archive",
    "read_json_lines",
    "read_lines",
    "read_parallel",
]
