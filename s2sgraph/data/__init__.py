"""Data files and batches, in numpy."""

from s2sgraph.data.batches import Batches, collate, order
from s2sgraph.data.errors import DataError, Fault
from s2sgraph.data.features import Field, Row, read_archive, read_json_lines
from s2sgraph.data.lines import Line, Policy, Report, read_lines
from s2sgraph.data.parallel import Pair, read_parallel

__all__ = [
    "Batches",
    "DataError",
    "Fault",
    "Field",
    "Line",
    "Pair",
    "Policy",
    "Report",
    "Row",
    "collate",
    "order",
    "read_archive",
    "read_json_lines",
    "read_lines",
    "read_parallel",
]
