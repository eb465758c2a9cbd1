"""`python -m benchmarks [NAME ...]`: run all benchmarks, or those named."""

from __future__ import annotations

import sys

from benchmarks import beam, compaction, greedy, starting, training_loop, training_step
from benchmarks.toolkits import comparing

BENCHMARKS = {
    "training_step": training_step.run,
    "training_loop": training_loop.run,
    "greedy": greedy.run,
    "beam": beam.run,
    "compaction": compaction.run,
    "starting": starting.run,
    "toolkits": comparing.run,
}

if __name__ == "__main__":
    names = sys.argv[1:] or [*BENCHMARKS]
    for name in names:
        if name not in BENCHMARKS:
            sys.exit(f"no benchmark is called {name}; there are {', '.join(BENCHMARKS)}")
        BENCHMARKS[name]()
