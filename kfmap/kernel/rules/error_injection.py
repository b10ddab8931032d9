"""Functions on the error-injection list: ALLOW_ERROR_INJECTION() and the system calls.

Mirrors include/asm-generic/error-injection.h. System calls get on the list by the macros that
define them (arch/ARCH/include/asm/syscall_wrapper.h, else include/linux/syscalls.h).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kfmap.kernel.brackets import split_arguments
from kfmap.kernel.code import Code
from kfmap.kernel.facts import Place
from kfmap.kernel.program_facts import Target
from kfmap.kernel.source import Macro, Source

INJECTION_OPTION = "CONFIG_FUNCTION_ERROR_INJECTION"
INJECTION_MARK = b"ALLOW_ERROR_INJECTION("
_WHY = "ALLOW_ERROR_INJECTION"
_ALLOWED = re.compile(rf"\b{_WHY}\s*\(\s*([^,()]+?)\s*,")
_GENERIC = ("include/linux/syscalls.h", "include/linux/compat.h")
_MAX_PREFIXES = 50
_MAX_DEPTH = 3


def find_injectable(code: Code, files: Iterable[str]) -> Iterator[Target]:
    """Return the functions of built files on the list, and the prefixes of system calls.

    None where the kernel has no such list: within_error_injection_list() is then a stub.
    """
    if not code.config.is_builtin(INJECTION_OPTION):
        return
    for file in files:
        source = code.source(file)
        for match in _ALLOWED.finditer(source.code) if source else ():
            if source and match[1].isidentifier():
                yield Target(match[1], Place(file, source.line_at(match.start(1))), _WHY)
    yield from _find_syscalls(code)


def _find_syscalls(code: Code) -> Iterator[Target]:
    own = f"arch/{code.architecture.folder}/include/asm/syscall_wrapper.h"
    files = (own,) if code.source(own) else _GENERIC
    for file in files:
        source = code.source(file)
        if source is not None:
            for prefix, line in sorted(_prefixes(source)):
                yield Target(prefix, Place(file, line), _WHY, prefix=True)


def _prefixes(source: Source) -> set[tuple[str, int]]:
    """Return how the names begin that the macros of a header put on the list, with the line."""
    found: set[tuple[str, int]] = set()
    macros = [macro for macros in source.macros.values() for macro in macros if macro.parameters]
    for macro in macros:
        for match in _ALLOWED.finditer(macro.body):
            for name in _spell(match[1], macro, macros, 0):
                if len(found) < _MAX_PREFIXES and "sys" in name:
                    found.add((f"{name.rstrip('_')}_", macro.line))
    return found


def _spell(name: str, macro: Macro, macros: list[Macro], depth: int) -> Iterator[str]:
    """Return what `__##abi##_##name` begins with, for every way a macro is used."""
    parts = [part.strip() for part in name.split("##")]
    parameters = macro.parameters or ()
    first = next((at for at, part in enumerate(parts) if part in parameters), len(parts))
    if first == len(parts) or "sys" in "".join(parts[:first]) or depth > _MAX_DEPTH:
        yield "".join(parts[:first])
        return
    for user in macros:
        for match in re.finditer(rf"\b{re.escape(macro.name)}\s*\(", user.body):
            given = dict(zip(parameters, split_arguments(user.body, match.end()), strict=False))
            yield from _spell("##".join(given.get(p, p) for p in parts), user, macros, depth + 1)
