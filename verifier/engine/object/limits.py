"""Bounds of what is read from one object: uploads are not to be trusted with memory or time."""

from __future__ import annotations

from kfmap.quick_dataclass import dataclass
from verifier.engine.object.model import ObjectError


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one object may have; the largest known schedulers need a tenth of it."""

    size: int = 64 << 20
    sections: int = 20_000
    symbols: int = 500_000
    relocations: int = 1_000_000
    instructions: int = 4_000_000
    functions: int = 100_000
    programs: int = 10_000
    maps: int = 20_000
    variables: int = 200_000
    struct_ops_members: int = 200_000


def check_limit(what: str, count: int, limit: int) -> None:
    """Refuse an object that has more than `limit` of something. Raises ObjectError for it."""
    if count > limit:
        raise ObjectError(
            f"{count} {what} are more than the limit of {limit}: raise the limit if it is genuine"
        )
