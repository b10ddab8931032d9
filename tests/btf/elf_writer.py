"""Write 64-bit ELF files with named sections in tests."""

from __future__ import annotations

import struct

EM_X86_64, EM_BPF = 62, 247  # include/uapi/linux/elf-em.h


def write_elf(
    sections: dict[str, bytes],
    byteorder: str = "little",
    types: dict[str, int] | None = None,
    flags: dict[str, int] | None = None,
    machine: int = EM_BPF,
) -> bytes:
    """Return an ELF file with these sections, and the names of them in a last one."""
    mark = "<" if byteorder == "little" else ">"
    all_sections = {"": b"", **sections, ".shstrtab": b""}
    names = b"".join(name.encode() + b"\0" for name in all_sections)
    all_sections[".shstrtab"] = names
    body, headers, name_offset = b"", b"", 0
    for name, data in all_sections.items():
        kind = {"": 0, ".shstrtab": 3, **(types or {})}.get(name, 1)  # SHT_PROGBITS
        offset = 64 + len(body)
        sign = (flags or {}).get(name, 0)
        headers += struct.pack(
            f"{mark}IIQQQQIIQQ", name_offset, kind, sign, 0, offset, len(data), 0, 0, 1, 0
        )
        name_offset += len(name) + 1
        body += data
    count = len(all_sections)
    identification = b"\x7fELF\x02" + (b"\x01" if mark == "<" else b"\x02") + b"\x01" + bytes(9)
    table = 64 + len(body)
    fields = (1, machine, 1, 0, 0, table, 0, 64, 0, 0, 64, count, count - 1)
    return identification + struct.pack(f"{mark}HHIQQQIHHHHHH", *fields) + body + headers
