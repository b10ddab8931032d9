"""What a verdict stands for: the one sentence that every report and page says."""

from __future__ import annotations

STANDS_FOR = (
    '"passes" stands for what kfmap judges: whether the object opens, its maps, targets and kfuncs '
    "are there, and every call is permitted where it stands. Pointers, argument types, memory "
    "bounds, references and complexity are left to the kernel"
)
JUDGED = (
    f"{STANDS_FOR}: the handbook lists what is not judged "
    "(kfmap/docs/what-is-judged.md, /docs/what-is-judged/)."
)
