"""The flags of kfuncs, and what they mean in a sentence each (include/linux/btf.h)."""

from __future__ import annotations

from kfmap.catalogue.store import LoadedKernel

FLAG_WORDS = {
    "KF_ACQUIRE": "Returns a reference that the program must release or keep in a map.",
    "KF_RELEASE": "Releases the reference it is given.",
    "KF_RET_NULL": "May return NULL; the program must check.",
    "KF_KPTR_GET": "Takes a reference from a pointer kept in a map.",
    "KF_TRUSTED_ARGS": "Pointer arguments must be trusted: valid, and given by the kernel.",
    "KF_SLEEPABLE": "May sleep: only sleepable programs may call it.",
    "KF_DESTRUCTIVE": "May stop or harm the system: the loader needs CAP_SYS_BOOT.",
    "KF_RCU": "Pointer arguments must be trusted or protected by RCU.",
    "KF_RCU_PROTECTED": "Only inside an RCU read-side critical section.",
    "KF_ITER_NEW": "Starts an iterator.",
    "KF_ITER_NEXT": "Moves an iterator on.",
    "KF_ITER_DESTROY": "Ends an iterator.",
    "KF_FASTCALL": "Keeps the registers it does not use, so calls are cheap.",
    "KF_ARENA_RET": "Returns a pointer into an arena.",
    "KF_ARENA_ARG1": "Its first argument may point into an arena.",
    "KF_ARENA_ARG2": "Its second argument may point into an arena.",
    "KF_IMPLICIT_ARGS": "The verifier adds arguments that the program does not give.",
    "KF_SPINLOCK_SAFE": "May be called while a BPF spin lock is held.",
    "KF_PERFMON": "The loader needs CAP_PERFMON.",
    "KF_DEPRECATED": "Will go away; use what replaces it.",
}


def describe_flag(flag: str) -> str:
    """Return the sentence for a flag, "" for one not known here."""
    return FLAG_WORDS.get(flag, "")


def flags_of(kernel: LoadedKernel, kfunc: str) -> tuple[str, ...]:
    """Return the flags that a kfunc has in any set, sorted."""
    listed = kernel.decider.find_listed(kfunc)
    return tuple(sorted({flag for item in listed for flag in item.entry.flags}))
