"""Runs that end in time: the runtime is told to stop from another thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import TIMEOUT_MAX, Timer
from time import monotonic
from typing import Any

from s2sgraph.runtime.errors import DeadlineError, ModelError


class Deadline:
    """A moment by which a call must be done, `seconds` from now.

    Raises ModelError unless `seconds` is a number above 0.
    """

    def __init__(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
            raise ModelError(f"timeout is {seconds!r}; expected seconds above 0")
        self.seconds = seconds
        self._end = monotonic() + seconds

    @contextmanager
    def options(self) -> Iterator[Any]:
        """The runtime's options of one run, which is stopped when the moment has come.

        Raises DeadlineError if it was, or had come before. The runtime looks between two
        operators, so that a run goes on for at most one of them.
        """
        import onnxruntime

        left = self._end - monotonic()
        if left <= 0:
            raise self._error()
        options, stopped = onnxruntime.RunOptions(), False

        def stop() -> None:
            nonlocal stopped
            stopped = options.terminate = True

        timer = Timer(min(left, TIMEOUT_MAX), stop)
        timer.daemon = True
        timer.start()
        try:
            yield options
        except Exception:
            if stopped:
                raise self._error() from None
            raise
        finally:
            timer.cancel()

    def _error(self) -> DeadlineError:
        return DeadlineError(
            f"not done after {self.seconds:g} s, the timeout that was asked for; give it longer, "
            "or shorter or fewer lines"
        )
