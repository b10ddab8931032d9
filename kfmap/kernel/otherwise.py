"""Names that a file means otherwise than they are read here, so that what it registers is in doubt.

A Makefile may give a file a macro of any name, and the file or a header of its own may define words
that all else counts on: those of C, IS_ENABLED() and kin, options. No file of the kernel that
registers kfuncs does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from kfmap.kernel.built_files import BuiltFile
from kfmap.kernel.code import Code
from kfmap.kernel.facts import UNREAD_NAME, Entry, Place
from kfmap.kernel.given_macros import ANY
from kfmap.kernel.named_sets import NamedSets
from kfmap.kernel.registering import Registered, Touched
from kfmap.kernel.source import Source
from kfmap.kernel.whole_word import has_word

_KCONFIG = "include/linux/kconfig.h"
_COMPILER = "include/linux/compiler.h"
# Words that nothing defines as a macro, but for one header.
_FIXED: Mapping[str, str] = {
    **dict.fromkeys(("IS_ENABLED", "IS_BUILTIN", "IS_MODULE", "IS_REACHABLE"), _KCONFIG),
    **dict.fromkeys(("true", "false", "else", "for", "while", "do", "switch", "case"), ""),
    **dict.fromkeys(("return", "goto", "break", "continue", "static", "const", "struct"), ""),
    **dict.fromkeys(("sizeof", "enum", "default"), ""),
    "if": _COMPILER,  # with CONFIG_PROFILE_ALL_BRANCHES, and means the same
}
# What headers define that all files share: a file that defines it again means something else.
_SHARED = (
    *("NULL", "likely", "unlikely", "BIT", "BIT_ULL", "ARRAY_SIZE", "WARN_ON", "WARN_ON_ONCE"),
    *("IS_ERR", "PTR_ERR", "BUG", "panic", "unreachable", "memcpy", "memmove", "fls"),
    # and members of struct bpf_prog and struct btf_kfunc_id_set
    *("type", "aux", "expected_attach_type", "attach_btf_id", "st_ops", "sleepable"),
    *("owner", "set", "filter"),
)
_SHARING = re.compile(r"(?:arch/\w+/)?include/")
_GENERATED = "include/generated/"
_ENTRY = re.compile(r"\bBTF_ID(?:_FLAGS)?\s*\(\s*func\s*,\s*(\w+)")


def add_otherwise(
    code: Code, files: Iterable[BuiltFile], names: NamedSets, registered: Registered
) -> None:
    """Add what files register that mean a name otherwise."""
    changes = list(_find_changes(code))
    for file in files:
        source = code.source(file.name)
        found = _find_in(code, source, changes) if source else None
        if source is None or found is None:
            continue
        name, place, text = found
        written = (Entry(kfunc, (), place) for kfunc in _ENTRY.findall(source.text))
        beside = (entry for kfunc_set in names.all_in(file.name) for entry in kfunc_set.entries)
        entries = (*beside, *written)
        is_of_kfunc = any(entry.kfunc == name for entry in entries)
        touched = None if is_of_kfunc else entries or None  # None: any kfunc
        what = Touched(file.owner, touched, filters=True, removes=True)
        registered.add_unread(place, UNREAD_NAME, text, what)


def _find_in(
    code: Code, source: Source, changes: list[tuple[str, Place]]
) -> tuple[str, Place, str] | None:
    """Return a name that a file means otherwise, the line that makes it so and what that says."""
    for name, place in code.given_macros(source.file).items():
        if name == ANY:
            continue
        bodies = (define.text for found in source.defined.values() for define in found)
        if name in _FIXED or has_word(source.code, name) or any(has_word(b, name) for b in bodies):
            return name, place, f"-D{name}"
    closure = set(code.closure(source.file)) if changes else set()
    for name, place in changes:
        if place.file not in closure:
            continue
        # an #if of the file itself is read with the options that it defines or takes away
        is_own = place.file == source.file and name not in _FIXED
        text = source.code if is_own else source.text
        if has_word(text, name):
            return name, place, f"#define {name}"
    return None


def _find_changes(code: Code) -> Iterator[tuple[str, Place]]:
    for name, home in _FIXED.items():
        for file, line in code.find_definers(name):
            if file != home:
                yield name, Place(file, line)
    for name in _SHARED:
        for file, line in code.find_definers(name):
            if not _SHARING.match(file):
                yield name, Place(file, line)
    for name, file, line in code.find_option_changes():
        if not file.startswith(_GENERATED):
            yield name, Place(file, line)
