"""Turn what llvm-objdump prints into the verifier's dialect, to compare disassemblers by."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

OBJDUMP = "llvm-objdump-19"

_ROW = re.compile(r"\s+(\d+):\t([0-9a-f]{2}[0-9a-f ]*)\t(.*)")
_SECTION = re.compile(r"Disassembly of section (.*):$")
_NUMBER = re.compile(r"(?<![\w.])(-?)0x([0-9a-f]+)")
_ADDRESS = re.compile(r"\(([rw]\d+) ([+-]) (\d+)\)")
_NARROW = re.compile(r"^w(\d+)( = \*\()|((?:u8|u16|u32) \*\)\(r\d+ [+-]\d+\) = )w(\d+)$")
_EXCHANGE = re.compile(r"^[rw](\d+) = (xchg|cmpxchg)(32)?_\d\d\((r\d+) ([+-]) (\d+), (.*)\)$")
_FETCH = re.compile(r"^[rw](\d+) = atomic_(fetch_\w+)\(\((u64|u32) \*\)(.*), [rw](\d+)\)$")
_LOCK = re.compile(r"^(lock .* [+|&^]=) [rw](\d+)$")
_COMPARE = re.compile(r"^(if [rw]\d+ \S+ )(-?\d+)( goto .*)$")


def disassemble_with_llvm(path: Path) -> dict[str, dict[int, str]]:
    """Return section → slot → text in the verifier's dialect, `(85)` and the like in front."""
    command = [OBJDUMP, "-d", "--mcpu=v4", str(path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, dict[int, str]] = {}
    rows: dict[int, str] = {}
    for line in output.splitlines():
        if section := _SECTION.match(line):
            rows = found.setdefault(section[1], {})
        elif row := _ROW.match(line):
            rows[int(row[1])] = f"({row[2][:2]}) {_translate(row[3].strip())}"
    return found


def _translate(text: str) -> str:
    text = re.sub(r"\s*<[^<>]*>$", "", text)  # the symbol that a jump or call leads to
    if text.endswith(" ll"):
        return _NUMBER.sub(_unsigned, text.removesuffix(" ll"))
    text = _NUMBER.sub(lambda match: match[1] + str(int(match[2], 16)), text)
    if exchange := _EXCHANGE.match(text):
        return _translate_exchange(exchange)
    text = re.sub(r"(goto|gotol|may_goto) ([+-]\d+)$", r"\1 pc\2", text)
    text = _ADDRESS.sub(r"(\1 \2\3)", text)
    text = _LOCK.sub(r"\1 r\2", text)
    text = _FETCH.sub(_translate_fetch, text)
    text = _NARROW.sub(_translate_narrow, text)
    text = _COMPARE.sub(lambda m: f"{m[1]}0x{int(m[2]) & 0xFFFFFFFF:x}{m[3]}", text)
    return re.sub(r"skb\[(r\d+)\]", r"skb[\1 + 0]", text)


def _unsigned(match: re.Match[str]) -> str:
    value = int(match[1] + match[2], 16)
    return f"0x{value & 0xFFFFFFFFFFFFFFFF:x}"


def _translate_exchange(match: re.Match[str]) -> str:
    register, kind, narrow, base, sign, offset, rest = match.groups()
    wide, size = ("", "u32") if narrow else ("64", "u64")
    arguments = re.sub(r"w(\d)", r"r\1", rest)
    return f"r{register} = atomic{wide}_{kind}(({size} *)({base} {sign}{offset}), {arguments})"


def _translate_fetch(match: re.Match[str]) -> str:
    register, kind, size, place, source = match.groups()
    wide = "64" if size == "u64" else ""
    return f"r{register} = atomic{wide}_{kind}(({size} *){place}, r{source})"


def _translate_narrow(match: re.Match[str]) -> str:
    return f"r{match[1]}{match[2]}" if match[1] else f"{match[3]}r{match[4]}"
