"""`python -m s2sgraph.demo`: from nothing to a model that reads dates, in a few minutes."""

import os
import sys
from pathlib import Path

from s2sgraph.demo.showing import show


def main() -> None:
    """Run the demonstration in the folder named on the command line, or in runs/dates."""
    # Threads that wait for each other must not keep the cores busy: other work goes on beside.
    # It must be said before torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("runs", "dates")
    sys.exit(0 if show(folder) else 1)


if __name__ == "__main__":
    main()
