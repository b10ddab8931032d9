"""What a guest gets beside its loader: objects as their own loaders would have changed them.

Variables of .rodata are set in the file, which is where libbpf takes them from; everything else
that a loader does is an option that `load.c` carries out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from verifier.engine.judging.choices import NO_CHOICES, ON_PROGRAM, LoaderChoices
from verifier.engine.object.model import BpfObject, Variable

MOST_OBJECTS = 1000
_WORD = re.compile(r"[\x21-\x7e]{1,500}")


@dataclass(frozen=True, slots=True)
class AskedObject:
    """An object to load: its bytes with variables set, and the options of its loader.

    `others`: the objects, by the number in its options, whose programs it attaches to.
    """

    data: bytes
    options: str = ""
    others: tuple[bytes, ...] = ()


def prepare(data: bytes, obj: BpfObject, choices: LoaderChoices = NO_CHOICES) -> AskedObject:
    """Return an object as the guest loads it; `obj` is what was read of `data`."""
    options: list[tuple[str, ...]] = [("cleared", name) for name in choices.cleared]
    options += [("type", *pair) for pair in choices.types.items()]
    options += [
        ("target", program, target)
        for program, target in choices.targets.items()
        if not target.startswith(ON_PROGRAM) and program not in choices.attached
    ]
    attached = {name: item for name, item in choices.attached.items() if _WORD.fullmatch(name)}
    others = {item.data: None for item in attached.values()}
    numbers = {data: str(at) for at, data in enumerate(others)}
    options += [
        ("on", name, numbers[item.data], item.program.name, *filter(None, [item.function]))
        for name, item in attached.items()
    ]
    lines = [" ".join(words) for words in options if all(map(_WORD.fullmatch, words))]
    text = "".join(f"{line}\n" for line in lines)
    return AskedObject(set_variables(data, obj, choices), text, tuple(others))


def set_variables(data: bytes, obj: BpfObject, choices: LoaderChoices) -> bytes:
    """Return the file with the values that the loader gives to constants."""
    if not choices.values:
        return data
    changed = bytearray(data)
    places = _find_sections(data)
    for variable in obj.variables:
        value = choices.values.get(variable.name)
        section = obj.data[variable.section]
        place = places.get(section.name)
        if value is not None and section.frozen and place is not None:
            _write(changed, place, variable, value, little=data[5] != 2)
    return bytes(changed)


def _write(
    changed: bytearray, place: tuple[int, int], variable: Variable, value: int, *, little: bool
) -> None:
    start, size = place
    if variable.offset + variable.size > size or not 0 < variable.size <= 8:
        return
    bits = value & ((1 << (8 * variable.size)) - 1)
    at = start + variable.offset
    changed[at : at + variable.size] = bits.to_bytes(variable.size, "little" if little else "big")


def _find_sections(data: bytes) -> dict[str, tuple[int, int]]:
    """Return where sections lie in the file: name → (offset, size)."""
    try:
        sections = ELFFile(io.BytesIO(data)).iter_sections()
        return {item.name: (item["sh_offset"], item["sh_size"]) for item in sections}
    except (ELFError, UnicodeDecodeError, AttributeError):
        return {}


def render_files(objects: Sequence[tuple[int, AskedObject]]) -> dict[str, bytes]:
    """Return the files of the initramfs; each object goes by its number."""
    files = {f"objects/{number:03}.o": item.data for number, item in objects}
    files |= {
        f"objects/{number:03}.on.{at}": data
        for number, item in objects
        for at, data in enumerate(item.others)
    }
    return files | {
        f"objects/{number:03}.options": item.options.encode()
        for number, item in objects
        if item.options
    }
