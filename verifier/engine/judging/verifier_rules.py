"""What one kernel's verifier asks of what it walks, where kernels differ.

Every answer comes from the kernel's own text (`kfmap.kernel.rules.behaviours`), never from its
release. None where that text was not to be had: then what depends on it is not known either.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from kfmap.kernel.facts import KernelFacts, Place
from kfmap.kernel.program_facts import Behaviour
from kfmap.permission.helper_names import helper_name

# include/linux/btf.h; "bpf: Add KF_SPINLOCK_SAFE flag for kfuncs under bpf_spin_lock", seen first
# in 7.3. A kernel that has the flag asks for it; else the kfuncs that its verifier names count.
_SPINLOCK_SAFE = "KF_SPINLOCK_SAFE"
_HELPER_UNDER_LOCK = "helper_under_lock:"
_CALL_FRAMES = "call_frames:"


class VerifierRules:
    """The behaviours of one kernel's verifier."""

    def __init__(self, facts: KernelFacts) -> None:
        self._facts = facts
        self._known: Mapping[str, Behaviour] = {item.name: item for item in facts.behaviours}

    def holds(self, name: str) -> bool | None:
        """Return whether the kernel behaves so, None if that is not known."""
        return self._known[name].holds if name in self._known else None

    def place(self, name: str) -> Place | None:
        """Return the kernel's line that says so."""
        return self._known[name].place if name in self._known else None

    @property
    def are_known(self) -> bool:
        return bool(self._known)

    @property
    def call_frames(self) -> int | None:
        """Return how many frames a chain of calls may have (MAX_CALL_FRAMES)."""
        name = self._counted.name if self._counted else ""
        return int(name.removeprefix(_CALL_FRAMES)) if name else None

    @property
    def call_frames_place(self) -> Place | None:
        """Return the kernel's line that counts them."""
        return self._counted.place if self._counted else None

    @cached_property
    def _counted(self) -> Behaviour | None:
        found = (item for name, item in self._known.items() if name.startswith(_CALL_FRAMES))
        return next(found, None)

    @cached_property
    def _flag_decides(self) -> bool:
        return any(flag.name == _SPINLOCK_SAFE for flag in self._facts.kfunc_flags)

    def kfunc_under_lock(self, name: str, flags: tuple[str, ...]) -> bool | None:
        """Return whether a kfunc may be called while a lock is held (kfunc_spin_allowed())."""
        if self._flag_decides:
            return _SPINLOCK_SAFE in flags
        safe = self._facts.lock_safe
        return None if safe is None else name in safe

    def helper_under_lock(self, number: int) -> bool | None:
        """Return whether a helper may be called while a lock is held."""
        if not self._known:
            return None
        name = (helper_name(number) or "").removeprefix("bpf_")
        return f"{_HELPER_UNDER_LOCK}{name}" in self._known
