"""The noise that logs come with: each function wraps a text as some tool prints it."""

from __future__ import annotations

from collections.abc import Callable


def _each(prefix: str, suffix: str = "") -> Callable[[str], str]:
    return lambda text: "\n".join(f"{prefix}{line}{suffix}" for line in text.split("\n"))


NOISE: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "crlf": _each("", "\r"),
    "indented": _each("\t"),
    "quoted": _each("> > "),
    "bar": _each("| "),
    "colours": _each("\x1b[1;31m", "\x1b[0m"),
    "caret_colours": _each("^[[31m", "^[[0m"),
    "dmesg": _each("[ 1234.567890] "),
    "dmesg_caller": _each("[ 1234.567890][ T4711] "),
    "dmesg_levels": _each("<3>[   12.000001] "),
    "dmesg_dates": _each("[Tue Nov 26 13:57:22 2025] "),
    "journal": _each("Nov 26 13:57:22 box scx_toy[4711]: "),
    "journal_kernel": _each("Nov  6 13:57:22 box kernel: "),
    "journal_foreign": _each("paź 10 11:51:04 cachyos bash[722]: "),
    "journal_iso": _each("2025-11-26T13:57:22+0300 box bash[722]: "),
    "clock_level": _each("13:57:22 [ERROR] "),
    "go_log": _each("2025/11/26 13:57:22 "),
    "rust_log": _each("[2025-11-26T13:57:22Z ERROR toy] "),
    "libbpf": _each("libbpf: "),
    "logfmt": lambda text: "\n".join(
        'level=warning msg="{}" subsys=datapath-loader'.format(line.replace('"', '\\"'))
        for line in text.split("\n")
    ),
    "nulls": _each("\x00", "\x00\x00"),
    "direction_marks": _each("\u202e", "\u202c"),
    "trailing_blanks": _each("", "   \t "),
    "escaped": lambda text: '{"msg":"verifier log:\\n\\t' + text.replace("\n", "\\n\\t") + '\\n"}',
    "rust_debug": lambda text: 'Error: VerifierLog("' + text.replace("\n", "\\n") + '\\n")',
}

# One message inside the chain of errors that a loader prints on one line.
CHAINS: dict[str, Callable[[str], str]] = {
    "go": lambda line: (
        "loading objects: field Probe: program probe: load program: permission denied:"
        f" {line} (14 line(s) omitted)"
    ),
    "go_truncated": lambda line: (
        "program probe: load program: invalid argument: 7: (85) call bpf_map_lookup_elem#1: "
        f"{line} (truncated, 3 line(s) omitted)"
    ),
    "logfmt": lambda line: (
        f'time=2025-11-26T13:57:22Z level=ERROR msg="program probe: load: {line}"'
    ),
    "aya": lambda line: f"Error: the BPF_PROG_LOAD syscall failed. Verifier output: {line}",
    "anyhow": lambda line: f"    0: the BPF_PROG_LOAD syscall failed. Verifier output: {line}",
    "bullet": lambda line: f"- error: {line}.",
}
