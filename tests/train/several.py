"""A program that trains in several processes, as torchrun would start them.

    python several.py SPEC RUN COUNT [STEP...] [--teacher RUN]

In each STEP the second process gets a signal, and as many others go on. It prints what each process
of each time ended with: its exit code, and the dtypes in which it computed products.
"""

import json
import os
import signal
import socket
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import torch
import torch._dynamo
from torch import Tensor

from s2sgraph.spec import load
from s2sgraph.train import train
from s2sgraph.train.updating import Updater


def child(options: Namespace, rank: int, step: int | None) -> set[str]:
    """Train; the second process gets a signal in the update `step`."""
    update, dtypes = Updater.update, set[str]()

    def linear(x: Tensor, *weights: Tensor) -> Tensor:
        found = torch.nn.functional.linear(x, *weights)
        dtypes.add(str(found.dtype))
        return found

    def watched(self: Updater, rows: Any, number: int, rate: float) -> Any:
        if not dtypes:
            node = next(n for n in self.module.graph.nodes if n.name == "decoder_output_linear")
            node.target = linear
            self.module.recompile()
        if rank == 1 and number == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return update(self, rows, number, rate)

    Updater.update = watched  # type: ignore[method-assign]
    train(load(options.spec), options.run, teachers=options.teacher)
    return dtypes


def forked(options: Namespace, rank: int, step: int | None, port: int) -> tuple[int, int]:
    """One of some processes, and the pipe that it writes to."""
    read, write = os.pipe()
    process = os.fork()
    if process:
        os.close(write)
        return process, read
    count = options.count
    numbers = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    os.environ |= {name: str(number) for name, number in numbers.items()}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ["TORCHELASTIC_RUN_ID"] = "several"
    status = 1
    try:
        os.write(write, json.dumps(sorted(child(options, rank, step))).encode())
        status = 0
    except SystemExit as stop:
        status = int(stop.code or 0)
    finally:
        os._exit(status)


def together(options: Namespace, step: int | None) -> list[Any]:
    """What some processes end with."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ends = []
    children = [forked(options, rank, step, port) for rank in range(options.count)]
    for process, pipe in children:
        with os.fdopen(pipe) as text:
            dtypes = text.read()
        _, status = os.waitpid(process, 0)
        ends.append([os.waitstatus_to_exitcode(status), json.loads(dtypes or "null")])
    return ends


def main() -> None:
    """Train to the end, with a stop after each step."""
    torch.set_num_threads(1)
    parser = ArgumentParser()
    parser.add_argument("spec", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("steps", type=int, nargs="*")
    parser.add_argument("--teacher", type=Path, action="append", default=[])
    options = parser.parse_args()
    print(json.dumps([together(options, step) for step in (*options.steps, None)]))


if __name__ == "__main__":
    main()
