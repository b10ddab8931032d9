"""What is held at a point of the code: RCU, preemption, IRQs, locks, iterators over RCU lists.

The verifier keeps this once for a whole chain of calls (struct bpf_verifier_state), so a static
function or a callback changes it for its caller.
"""

from __future__ import annotations

from typing import NamedTuple

from verifier.engine.flow.values import TO_DATA, TO_TURN

UNSURE = -1
RCU, PREEMPT, IRQ, LOCK = range(4)
# As the kernel names them: non_sleepable_context_description() of kernel/bpf/verifier.c,
# each with its article.
REGION_NAMES = (
    "an rcu_read_lock region",
    "a non-preemptible region",
    "an IRQ-disabled region",
    "a lock region",
)

# A choice of which nothing is kept, and what is left of two that differ
ANY_CHOICE, SOME_CHOICE = -1, -2

SPIN, RESILIENT, RESILIENT_IRQ = "spin", "res", "res_irq"
LIVE, ENDED, ENDED_BARE = "live", "ended", "ended_bare"

# Where on the stack something is kept: frames above the running function, offset from that frame's
# end. None where it is not known.
Place = tuple[int, int] | None


class Flag(NamedTuple):
    """An IRQ flag that was saved at `place`; `by_lock`: by bpf_res_spin_lock_irqsave()."""

    by_lock: bool
    place: Place


class Lock(NamedTuple):
    """A lock that is held. `of`: what it guards, None where that is not known; `choice`: since ways
    met on which it was at different addresses, which were those."""

    kind: str
    of: tuple[str, int, int] | None
    choice: int | None = None


class Iteration(NamedTuple):
    """An iterator on the own stack: LIVE; ENDED: an RCU section ended since it was made;
    ENDED_BARE: and nothing else was held then. `certain` is False where that is so on some way."""

    offset: int
    state: str
    certain: bool = True


class Regions(NamedTuple):
    """How deep in RCU and preemption (UNSURE: not known), which IRQ flags were saved and which
    locks taken, the last one last (None: not known), and the iterators there are."""

    rcu: int = 0
    preempt: int = 0
    irqs: tuple[Flag, ...] | None = ()
    locks: tuple[Lock, ...] | None = ()
    iterations: tuple[Iteration, ...] = ()

    def depths(self) -> tuple[int, int, int, int]:
        """Return the depth in each region, in the order of REGION_NAMES; UNSURE if not known."""
        irqs = UNSURE if self.irqs is None else len(self.irqs)
        return self.rcu, self.preempt, irqs, UNSURE if self.locks is None else len(self.locks)

    def held(self) -> str:
        """Name the first region that is surely open, "" if none is."""
        for name, depth in zip(REGION_NAMES, self.depths(), strict=True):
            if depth > 0:
                return name
        return ""

    def is_open(self) -> bool:
        """Return whether any region is, or may be, open."""
        return any(self.depths())

    def is_sure(self) -> bool:
        return UNSURE not in self.depths()

    def join(self, other: Regions) -> Regions:
        """Return what is known where two ways meet."""
        if self == other:
            return self
        return Regions(
            self.rcu if self.rcu == other.rcu else UNSURE,
            self.preempt if self.preempt == other.preempt else UNSURE,
            self.irqs if self.irqs == other.irqs else None,
            _join_locks(self.locks, other.locks),
            _join_iterations(self.iterations, other.iterations),
        )

    # calls

    def entering(self) -> Regions:
        """Return what a function called from here begins with: its frame is a new one."""
        if not self.irqs and not self.iterations:
            return self
        return self._replace(irqs=_shift(self.irqs, 1), iterations=())

    def returning(self, after: Regions) -> Regions:
        """Return what holds after a call that ended with `after`."""
        if not after.irqs and not self.iterations:
            return after
        iterations = self.iterations
        if 0 <= after.rcu < self.rcu:
            iterations = _ended(iterations, after)
        return after._replace(irqs=_shift(after.irqs, -1), iterations=iterations)

    # sections

    def enter_rcu(self) -> Regions:
        return self if self.rcu == UNSURE else self._replace(rcu=self.rcu + 1)

    def leave_rcu(self) -> Regions:
        """Leave a section; one that was not entered stays at none."""
        if self.rcu == UNSURE:
            return self
        after = self._replace(rcu=max(self.rcu - 1, 0))
        return after if after.rcu else after._replace(iterations=_ended(self.iterations, after))

    def disable_preemption(self) -> Regions:
        return self if self.preempt == UNSURE else self._replace(preempt=self.preempt + 1)

    def enable_preemption(self) -> Regions:
        return self if self.preempt == UNSURE else self._replace(preempt=max(self.preempt - 1, 0))

    # IRQ flags

    def save_irq(self, flag: Flag) -> Regions:
        return self if self.irqs is None else self._replace(irqs=(*self.irqs, flag))

    def restore_irq(self, flag: Flag) -> Regions:
        """Take a flag away, the one at its place if that is known."""
        if not self.irqs:
            return self
        at = _find_flag(self.irqs, flag)
        return self._replace(irqs=(*self.irqs[:at], *self.irqs[at + 1 :]))

    # locks

    def take(self, lock: Lock) -> Regions:
        return self if self.locks is None else self._replace(locks=(*self.locks, lock))

    def resilient_locks(self) -> list[Lock]:
        return [lock for lock in self.locks or () if lock.kind != SPIN]

    def release(self, lock: Lock) -> Regions:
        """Release a lock, the one that is known to be meant or else the last."""
        if not self.locks:
            return self
        at = _find_lock(self.locks, lock)
        at = len(self.locks) - 1 if at is None else at
        return self._replace(locks=(*self.locks[:at], *self.locks[at + 1 :]))

    def forget_lock(self, of: tuple[str, int, int]) -> Regions:
        """What `of` meant is now something else: a loop came back to where it was looked up."""
        if not self.locks or all(lock.of != of for lock in self.locks):
            return self
        known = (lock._replace(of=None) if lock.of == of else lock for lock in self.locks)
        return self._replace(locks=tuple(known))

    # iterators

    def iterate(self, offset: int) -> Regions:
        others = self.end_iteration(offset).iterations
        return self._replace(iterations=tuple(sorted((*others, Iteration(offset, LIVE)))))

    def end_iteration(self, offset: int) -> Regions:
        kept = tuple(item for item in self.iterations if item.offset != offset)
        return self if kept == self.iterations else self._replace(iterations=kept)

    def iteration(self, offset: int) -> Iteration | None:
        """Return the iterator at an offset, None if none is known."""
        return next((item for item in self.iterations if item.offset == offset), None)


NO_REGIONS = Regions()
UNSURE_REGIONS = Regions(UNSURE, UNSURE, None, None)

# What is wrong with ending something, or with the lock that is held, whatever the kernel calls it
UNMATCHED, OUT_OF_ORDER, DIFFERENT, FAMILY, SAME, APART = (
    "unmatched",
    "out of order",
    "different",
    "family",
    "same",
    "apart",
)
# The same where a kernel tells elements of a map apart that callbacks get, and where it does not
DIFFERENT_TURN, SAME_TURN = "different turn", "same turn"
# A lock in such an element, where a kernel knows locks by the ids of elements, which these lack
NO_ID = "no id"
# A lock in a section of data, where such a kernel gives each load of its address an id of its own
BY_LOAD = "by load"
# No lock, but a timer or work that may be set up with another map than the one it is in
MIXED = "mixed"


def fault_of_restore(regions: Regions, flag: Flag) -> str:
    """Return what is wrong with restoring a flag here, "" if nothing is known to be."""
    if regions.irqs is None:
        return ""
    if not regions.irqs:
        return UNMATCHED
    if flag.place is None:
        return "" if regions.irqs[-1].place is None else _family(regions.irqs[-1], flag)
    at = next((i for i, item in enumerate(regions.irqs) if item.place == flag.place), None)
    if at is None:
        return UNMATCHED if all(item.place is not None for item in regions.irqs) else ""
    return _family(regions.irqs[at], flag) or (OUT_OF_ORDER if regions.irqs[at + 1 :] else "")


def fault_of_unlock(regions: Regions, lock: Lock) -> str:
    """Return what is wrong with releasing a lock here, "" if nothing is known to be."""
    if regions.locks is None:
        return ""
    if not regions.locks:
        return UNMATCHED
    at = _find_lock(regions.locks, lock)
    if at is None:
        return DIFFERENT_TURN if _is_of_turns(regions.locks[-1], lock) else DIFFERENT
    if regions.locks[at + 1 :]:
        return OUT_OF_ORDER
    if lock.kind != SPIN or lock.of is None:
        return ""
    if lock.of[0] == TO_DATA:
        return BY_LOAD
    return NO_ID if lock.of[0] == TO_TURN else ""


def fault_of_lock(regions: Regions, lock: Lock) -> str:
    """Return whether the same resilient lock is held already."""
    resilient = regions.resilient_locks()
    if lock.of and any(item.of == lock.of for item in resilient):
        return SAME
    return SAME_TURN if any(_is_of_turns(item, lock) for item in resilient) else ""


def _family(saved: Flag, flag: Flag) -> str:
    return "" if saved.by_lock == flag.by_lock else FAMILY


def _is_of_turns(held: Lock, lock: Lock) -> bool:
    """Return whether both are locks of elements of one map that callbacks get."""
    if held.of is None or lock.of is None:
        return False
    return held.of[0] == lock.of[0] == TO_TURN and held.of[1] == lock.of[1]


def _find_flag(flags: tuple[Flag, ...], flag: Flag) -> int:
    for at in range(len(flags) - 1, -1, -1):
        if flag.place is not None and flags[at].place == flag.place:
            return at
    return len(flags) - 1


def _find_lock(locks: tuple[Lock, ...], lock: Lock) -> int | None:
    """Return the last lock that may be meant; what is not known may be any."""
    for at in range(len(locks) - 1, -1, -1):
        same = None in (locks[at].of, lock.of) or locks[at].of == lock.of
        if locks[at].kind == lock.kind and same:
            return at
    return None


def _shift(flags: tuple[Flag, ...] | None, frames: int) -> tuple[Flag, ...] | None:
    """Count places from the frame that runs next; those of a frame that is gone are not known."""
    if not flags:
        return flags
    return tuple(flag._replace(place=_shift_place(flag.place, frames)) for flag in flags)


def _shift_place(place: Place, frames: int) -> Place:
    if place is None or place[0] + frames < 0:
        return None
    return place[0] + frames, place[1]


def _join_locks(
    mine: tuple[Lock, ...] | None, its: tuple[Lock, ...] | None
) -> tuple[Lock, ...] | None:
    """Return the locks that both ways hold; of different choices it is not known which was made."""
    if mine is None or its is None or [lock[:2] for lock in mine] != [lock[:2] for lock in its]:
        return None
    return tuple(
        lock if lock.choice == other.choice else lock._replace(choice=SOME_CHOICE)
        for lock, other in zip(mine, its, strict=True)
    )


def _ended(iterations: tuple[Iteration, ...], after: Regions) -> tuple[Iteration, ...]:
    """An RCU section ended: what the iterators point to may be gone."""
    if not iterations:
        return iterations
    bare = ENDED_BARE if not after.is_open() else ENDED
    return tuple(item._replace(state=_worse(item.state, bare)) for item in iterations)


def _join_iterations(
    mine: tuple[Iteration, ...], its: tuple[Iteration, ...]
) -> tuple[Iteration, ...]:
    if mine == its:
        return mine
    found: dict[int, Iteration] = {}
    for item in (*mine, *its):
        known = found.get(item.offset, item)
        certain = item in mine and item in its
        found[item.offset] = Iteration(item.offset, _worse(known.state, item.state), certain)
    return tuple(found[offset] for offset in sorted(found))


def _worse(old: str, new: str) -> str:
    return next(state for state in (ENDED_BARE, ENDED, LIVE) if state in (old, new))
