"""The demonstration: dates as people write them, to dates as computers do.

It lies in the package, not in a folder of scripts, so that it runs from an installed wheel too.
"""

from s2sgraph.demo.dates import LANGUAGES, formats, lines, write

__all__ = ["LANGUAGES", "formats", "lines", "write"]
