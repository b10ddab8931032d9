"""What the selftests say of their own programs: does the kernel take it, and what does it say?

Written as declaration tags of functions (tools/testing/selftests/bpf/progs/bpf_misc.h), read here
from an object's BTF; only what a privileged loader meets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kfmap.btf.kinds import Kind
from verifier.engine.object.model import BpfObject

# Their runner makes such a program sleepable; nothing else in the object says so.
_SET_TO_SLEEP = re.compile(r"comment:(?:\d+:)?test_prog_flags=(?:\d+=)?BPF_F_SLEEPABLE")
_TAG = re.compile(r"comment:(?:\d+:)?test_expect_(\w+?)(?:=(?:\d+=)?(.*))?", re.S)


@dataclass(frozen=True, slots=True)
class Annotation:
    """`loads`: the kernel is expected to take the program; else it is to say `messages`."""

    loads: bool
    messages: tuple[str, ...]


def read_annotations(obj: BpfObject) -> dict[str, Annotation]:
    """Return what is expected, by program, of those that say so."""
    found = {}
    for program in obj.programs:
        words = _read_words(obj, program.name)
        if "success" in words or "failure" in words:
            found[program.name] = Annotation("success" in words, tuple(words.get("msg", ())))
    return found


def _read_words(obj: BpfObject, function: str) -> dict[str, list[str]]:
    type_id = obj.btf.find(function, Kind.FUNC) if obj.btf else None
    words: dict[str, list[str]] = {}
    if obj.btf is None or type_id is None:
        return words
    names = [tag.name for tag in obj.btf.tags(type_id)]
    if any(map(_SET_TO_SLEEP.match, names)):
        return words
    for name in names:
        match = _TAG.fullmatch(name)
        if match:
            words.setdefault(match[1], []).append(match[2] or "")
    return words
