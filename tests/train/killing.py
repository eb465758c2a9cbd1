"""A program that trains in child processes and kills them; it prints what each went on from.

    python killing.py SPEC RUN KILLS SEED

Children are forked when torch is loaded, so that a hundred of them take no time to start.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch
import torch._dynamo  # the first update would load it, in each child again

from s2sgraph.spec import load
from s2sgraph.train import Progress, train


def child(spec: Path, run: Path, pipe: int) -> None:
    """Train; write a line for each update."""

    def report(progress: Progress) -> None:
        os.write(pipe, f"{progress.step}\n".encode())

    def tell(text: str) -> None:
        os.write(pipe, b"\n")

    train(load(spec), run, report=report, tell=tell)


def forked(spec: Path, run: Path) -> tuple[int, int]:
    """A training in a process of its own, and the pipe that it writes to."""
    read, write = os.pipe()
    process = os.fork()
    if not process:
        os.close(read)
        status = 1
        try:
            child(spec, run, write)
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    return process, read


def killed(spec: Path, run: Path, dice: random.Random) -> tuple[int, int]:
    """The first and the last update that a child told of before it was killed."""
    process, pipe = forked(spec, run)
    wanted, steps, text = dice.randrange(14), list[int](), b""
    while len(steps) <= wanted and (piece := os.read(pipe, 4096)):
        text += piece
        steps = [int(line) for line in text.split(b"\n")[:-1] if line]
    time.sleep(dice.random() * 0.02)
    os.kill(process, signal.SIGKILL)
    while piece := os.read(pipe, 4096):
        text += piece
    steps = [int(line) for line in text.split(b"\n")[:-1] if line]
    os.close(pipe)
    os.waitpid(process, 0)
    return (steps[0], steps[-1]) if steps else (0, 0)


def main() -> None:
    """Kill as often as was asked, then train to the end."""
    spec, run, kills, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(1)
    dice = random.Random(seed)
    print(json.dumps([killed(spec, run, dice) for _ in range(kills)]))
    train(load(spec), run)


if __name__ == "__main__":
    main()
