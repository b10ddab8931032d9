"""Locks of runqueues: which callers of a function hold one, and which functions take one."""

from __future__ import annotations

import re

from kfmap.kernel.code import Code
from kfmap.kernel.facts import Place
from kfmap.kernel.items import Item

_LOCK = re.compile(r"\b(?:(?:raw_spin|task|double)_)?rq_(un)?lock\w*(?=\s*[(,])")
_UNLOCKED = re.compile(r"\b\w+_if_unlocked\s*\(")
_END_OF_FUNCTION = "\n}"


class LockFinder:
    """Finds the callers that hold the lock of an rq, in the folders around a file."""

    def __init__(self, code: Code, home: str) -> None:
        folder = home.rpartition("/")[0]
        folders = {folder, folder.rpartition("/")[0]} if folder.count("/") > 1 else {folder}
        self._texts = [
            (file, code.tree.read(file) or "")
            for name in sorted(folders)
            for file in code.tree.find_c_files(name)
        ]
        self._found: dict[str, Place | None] = {}

    def find_lock(self, function: str) -> Place | None:
        """Return where a caller of a function took a lock that it holds at the call, if one did."""
        if function not in self._found:
            self._found[function] = self._find(function)
        return self._found[function]

    def _find(self, function: str) -> Place | None:
        call = re.compile(rf"(?<!\w){re.escape(function)}\(")
        for file, text in self._texts:
            for match in call.finditer(text) if f"{function}(" in text else ():
                begin = text.rfind(_END_OF_FUNCTION, 0, match.start()) + 1
                locks = list(_LOCK.finditer(text, begin, match.start()))
                if locks and not locks[-1][1]:
                    return Place(file, text.count("\n", 0, locks[-1].start()) + 1)
        return None


def find_taken_lock(item: Item) -> Place | None:
    """Return where a function takes the lock of an rq for the case that no mask is in force."""
    if not _UNLOCKED.search(item.text):
        return None
    lock = next((found for found in _LOCK.finditer(item.text) if not found[1]), None)
    return Place(item.file, item.line_at(lock.start())) if lock else None
