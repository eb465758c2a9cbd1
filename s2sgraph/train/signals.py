"""Signals that ask for an end: the update is finished and kept first."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ASKING = (signal.SIGINT, signal.SIGTERM)


class InterruptionError(Exception):
    """Work that can be done again was left off for a signal."""


class Signals:
    """Listens for SIGINT and SIGTERM.

    The first one is only written down; the second ends the program at once.

    Attributes:
        number: the signal that came; 0 for none.
    """

    def __init__(self) -> None:
        self.number = 0
        self._may_interrupt = False
        self._before: dict[int, Any] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Write signals down for as long as the block runs.

        Python tells signals to its main thread only; in another one nothing changes.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._before = {number: signal.signal(number, self._came) for number in ASKING}
        try:
            yield
        finally:
            for number, handler in self._before.items():
                signal.signal(number, handler)

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """A block that a signal leaves at once, by `InterruptionError`."""
        self._may_interrupt = True
        try:
            if self.number:
                raise InterruptionError
            yield
        finally:
            self._may_interrupt = False

    def _came(self, number: int, frame: FrameType | None) -> None:
        if self.number:
            os._exit(128 + number)
        self.number = number
        if self._may_interrupt:
            raise InterruptionError

    def deliver(self, number: int) -> None:
        """Do what the signal did before anybody listened; call it after `listening`.

        Raises:
            KeyboardInterrupt, SystemExit: as that does.
        """
        handler = self._before.get(number)
        if callable(handler):
            handler(number, None)
        raise SystemExit(128 + number)
