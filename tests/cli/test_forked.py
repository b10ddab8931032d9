"""Work in copies of this process ends with what asked for it, whenever that is interrupted."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from kfmap.cli.forked import work_in_processes


def test_an_interrupt_that_comes_as_processes_start_leaves_neither_them_nor_a_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit = ProcessPoolExecutor.submit

    def submit_and_interrupt(*given: Any) -> Any:
        future = submit(*given)
        os.kill(os.getpid(), signal.SIGINT)  # held back until the processes are there
        return future

    monkeypatch.setattr(ProcessPoolExecutor, "submit", submit_and_interrupt)
    threads = threading.active_count()
    # started in the background, a shell has this process ignore the signal
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(work_in_processes(str, [1, 2], 2))
    finally:
        signal.signal(signal.SIGINT, before)
    assert multiprocessing.active_children() == []
    assert threading.active_count() == threads
