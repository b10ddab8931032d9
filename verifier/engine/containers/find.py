"""Find every BPF object in a file, whatever the file is: bytes → objects with names.

An object itself, an executable or library that carries some, a skeleton header, an archive or
package of any of these, compressed or not. Files are told by how they begin, never by their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from verifier.engine.containers.beginnings import compression_of, is_ar, is_tar, is_zip
from verifier.engine.containers.embedded import is_object
from verifier.engine.containers.found import Found, NotFound
from verifier.engine.containers.limits import DEFAULT_LIMITS, ContainerLimits

_SKELETON = ".skel.h"


def find_objects(
    name: str, data: bytes, limits: ContainerLimits = DEFAULT_LIMITS
) -> Iterator[Found | NotFound]:
    """Return the objects in a file, each once, and what kept some of it from being looked at.

    A file that begins as a BPF object does is that object, however broken.
    """
    if looks_like_object(data):
        yield Found(name, data)
        return
    # An object alone needs none of what reads archives, a tenth of a short command's start.
    from verifier.engine.containers.search import search_file

    yield from search_file(name, data, limits)


def may_hold_objects(name: str, start: bytes) -> bool:
    """Return whether a file may hold objects, by how it begins and, for a skeleton, its name."""
    return (
        start.startswith(b"\x7fELF")
        or bool(compression_of(start))
        or is_tar(start)
        or is_zip(start)
        or is_ar(start)
        or name.endswith(_SKELETON)
    )


def looks_like_object(data: bytes) -> bool:
    """Return whether a file is meant as a BPF object: relocatable ELF, for BPF or no machine."""
    if is_object(data):
        return True
    if len(data) < 20 or not data.startswith(b"\x7fELF"):
        return False
    order: Literal["big", "little"] = "big" if data[5] == 2 else "little"
    kind, machine = (int.from_bytes(data[at : at + 2], order) for at in (16, 18))
    return machine == 247 or (machine == 0 and kind == 1)
