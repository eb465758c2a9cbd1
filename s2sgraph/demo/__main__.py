"""`python -m s2sgraph.demo`: from nothing to a model that reads dates, in a few minutes."""

import os
import sys
from pathlib import Path

from s2sgraph.demo.showing import show


def main() -> None:
    """Run the demonstration in the folder named on the command line, or in runs/dates."""
    # The model is so small that a second thread gains nothing, and beside other work the threads
    # would wait for each other. It must be said before torch is loaded.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("runs", "dates")
    sys.exit(0 if show(folder) else 1)


if __name__ == "__main__":
    main()
