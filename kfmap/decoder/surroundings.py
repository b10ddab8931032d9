"""What stands around a message: the program, the source line, the instruction, the kernel.

Reads the marks of libbpf (`prog 'x': -- BEGIN PROG LOAD LOG --`, and with debugging on which
section and which member a program is), of the verifier (instructions, `; line @ file.c:12`), of
cilium/ebpf, veristat, bpftrace, and of kernel logs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from kfmap.decoder.lines import Line

_RELEASE = r"(\d{1,2}\.\d{1,3}(?:\.\d{1,3})?(?:[-+~._][\w.+~-]{0,60})?)"
_KERNELS = tuple(
    re.compile(expression)
    for expression in (
        rf"Linux version {_RELEASE}",
        rf"\bLinux [\w.-]{{1,64}} {_RELEASE} #",
        rf"\bLinux {_RELEASE} #",
        rf"version magic '[^'\n]{{1,100}}' should be '{_RELEASE}",
        rf"\bvermagic[:=] {{0,40}}\"?{_RELEASE}",
        rf"\b(?:[Kk]ernel|KERNEL)(?: [Vv]ersion| [Rr]elease)? ?[:=] {{0,40}}(?:Linux )?v?"
        rf"{_RELEASE}",
        rf"ainted(?::[ \w]{{1,40}})? {_RELEASE} #",
        rf"\b[Kk]ernel (?:version )?v?{_RELEASE}",
        rf"/(?:lib|boot)/(?:modules/|vmlinu[xz]-){_RELEASE}",
        rf"\blinux-image-{_RELEASE}",
        rf"^load \S{{1,120}}, version: {_RELEASE}",
        rf"\buname -r[\"']?:? {{1,8}}{_RELEASE}",
        rf"\bOS: Linux {_RELEASE}",
    )
)
_BARE_RELEASE = re.compile(rf"^{_RELEASE}$")
_NEAR_KERNEL = re.compile(
    "inux|ernel|version magic|KERNEL|vermagic|ainted|uname|version: |/boot/|/modules/"
)

_INSTRUCTION = re.compile(r"(\d{1,7}): \(")
_CALL = re.compile(r"\d{1,7}: \(85\) call (?!unknown#)([A-Za-z_][\w.$]{0,127})#")
_STATE = re.compile(
    r"\d{1,7}: (?:\(|R\d|frame|safe|[.\d]{6})|\d{1,7}:$|R\d{1,2}(?:_\w{1,3})?=|from \d{1,7} to \d"
    r"|frame\d{1,3}: ?(?:R|$)|caller:$|callee:$|returning from callee:$|to caller at \d|regs="
    r"|mark_precise: |last_idx \d|parent |stack=|propagating |processed \d{1,9} insns"
    r"|stack depth (?:max )?\d[\d+]{0,400}$|verification time \d|func#\d{1,5} @\d"
    r"|Live regs before insn:|arg JOIN |subprog#\d"
    r"|SCC (?:enter|exit|backedge) |force_precise: "
)
_SOURCE = re.compile(r"^;.{0,3900} @ ([^\s@]{1,300}:\d{1,7})$")
_REPORT_SOURCE = re.compile(r"^(?:[\w.]{1,128} @ )?([^\s@:]{1,300}:\d{1,7}):\d{1,5}$")

_PROG = re.compile(r"\bprog '([^'\n]{1,128})':")
_SECTION = re.compile(r"\bsec '([^'\n]{1,200})': found program '([^'\n]{1,128})'")
_OPS_MAP = re.compile(r"struct_ops init: struct (\w{1,128})\(type_id=\d{1,9}\) (\w{1,128}) found")
_OPS_MEMBER = re.compile(
    r"struct_ops init_kern (\w{1,128}): func ptr (\w{1,128}) is set to prog ([\w.$]{1,128})"
)
_POISONED = re.compile(
    r"\bprog '([^'\n]{1,128})': relo #\d{1,6}: poisoning insn #\d{1,7} that calls"
    r" kfunc '([\w.$]{1,128})'"
)
_ATTACHED = re.compile(
    r"^func '([\w.$]{1,128})' arg\d{1,2} has btf_id \d{1,9} type \w{1,20} '([\w ]{0,128})'"
)
_VALIDATING = re.compile(r"^Validating ([\w.$]{1,128})\(\) func#\d")
_GO_PROGRAM = re.compile(r"\bprogram ([\w./:-]{1,128}): (?=[a-z])")
_VERISTAT = re.compile(r"^PROCESSING (?:[^\s,]{0,300}/)?([^\s,/]{1,128}), DURATION")
_IPROUTE2 = re.compile(r"\bProg section '([^'\n]{1,128})' rejected: ")
_AFTERWARDS = re.compile(
    r"(?:failed to load program|Error loading program:|Error loading BPF program for|"
    r"failed to load BPF program|loading program) ['\"`]?([\w./:-]{1,200})(?:['\"`]|[\s(]|$)"
)
_JITED = re.compile(r"\bbpf_prog_[0-9a-f]{16}_([\w.]{1,64})\+0x")
_CALLED = re.compile(r"^(?:\? )?(\w{0,20}scx_bpf_\w{1,100}|bpf_\w{1,100})\+0x")


@dataclass
class Surroundings:
    """What was seen so far; reading a line updates it."""

    program: str | None = None
    subprogram: str | None = None
    source: str | None = None
    source_text: str | None = None
    instruction: int | None = None
    called: str | None = None
    kernel: str | None = None
    attached: str | None = None
    argument_type: str | None = None
    lasting: bool = False
    announced: str | None = None
    in_report: bool = False
    poisoned_load: bool = False
    after_uname: bool = False
    names_kernel: bool = False
    sections: dict[str, str] = field(default_factory=dict)
    ops_maps: dict[str, str] = field(default_factory=dict)
    members: dict[str, tuple[str, str]] = field(default_factory=dict)
    poisoned: dict[str, str] = field(default_factory=dict)
    kernels: list[str] = field(default_factory=list)

    def see(self, line: Line) -> bool:
        """Take in a line; return whether it can be no message: state, an instruction, source."""
        text = line.text
        if not self.lasting:
            self.program = None
        if text[0] == ";":
            self._see_source(text)
            return True
        if _STATE.match(text):
            self._see_state(text)
            return True
        self.names_kernel = False
        if _NEAR_KERNEL.search(text):
            self._see_kernel(text)
        elif self.after_uname and (found := _BARE_RELEASE.match(text)):
            self._set_kernel(found.group(1))
        self.after_uname = "uname -" in text
        return self._see_marks(text)

    def _see_source(self, text: str) -> None:
        found = _SOURCE.match(text)
        self.source = found.group(1) if found else None
        self.source_text = text.lstrip("; ").rpartition(" @ ")[0] if found else text.lstrip("; ")

    def _see_state(self, text: str) -> None:
        found = _INSTRUCTION.match(text)
        if found:
            self.instruction = int(found.group(1))
            self.poisoned_load = "0xbad2310" in text
            called = _CALL.match(text)
            self.called = called.group(1) if called else None
        elif text.startswith("processed "):
            self._leave_log()

    def _leave_log(self) -> None:
        self.instruction = self.source = self.source_text = self.subprogram = None
        self.attached = self.argument_type = self.called = None
        self.in_report = False

    def _end_log(self) -> None:
        self._leave_log()
        self.program, self.lasting = None, False

    def _see_kernel(self, text: str) -> None:
        for expression in _KERNELS:
            found = expression.search(text)
            if found:
                self._set_kernel(found.group(1))
                return

    def _set_kernel(self, release: str) -> None:
        self.kernel = release.rstrip(".-")
        if self.kernel not in self.kernels[-1:]:
            self.kernels.append(self.kernel)
        self.names_kernel = True

    def _enter(self, program: str, lasting: bool) -> None:
        """Begin with another program: nothing that was seen of the one before holds."""
        if program != self.program:
            self._leave_log()
        self.program = program
        self.lasting = self.lasting or lasting

    def _see_marks(self, text: str) -> bool:
        if ("rog" in text or "PROCESSING" in text) and self._see_program(text):
            return True
        if "prog" in text or "struct_ops" in text:
            self._see_object(text)
        if "func '" in text and (found := _ATTACHED.match(text)):
            self.attached, self.argument_type = found.groups()
            return True
        if text.startswith("Validating ") and (found := _VALIDATING.match(text)):
            self.subprogram = found.group(1)
            return True
        if text.startswith("-- ") and text[3:].startswith(("END", "BEGIN")):
            self._end_log()
            return True
        if text.endswith("rror log:") and self.announced:
            self._enter(self.announced, lasting=True)
            return True
        if text.startswith("Verification failed:"):
            self.in_report = True
        return False

    def _see_program(self, text: str) -> bool:
        if found := _PROG.search(text):
            self._enter(found.group(1), lasting="-- BEGIN" in text)
        elif found := _GO_PROGRAM.search(text):
            self._enter(found.group(1), lasting=text.endswith(":"))
        elif found := _IPROUTE2.search(text):
            self._enter(found.group(1), lasting=True)
        elif found := _VERISTAT.search(text):
            self._enter(found.group(1), lasting=True)
            return True
        return False

    def _see_object(self, text: str) -> None:
        if "found" in text and (found := _SECTION.search(text)):
            self.sections[found.group(2)] = found.group(1)
        elif "found" in text and (found := _OPS_MAP.search(text)):
            self.ops_maps[found.group(2)] = found.group(1)
        elif "is set to prog" in text and (found := _OPS_MEMBER.search(text)):
            ops = self.ops_maps.get(found.group(1), "")
            self.members[found.group(3)] = (ops, found.group(2))
        elif "poisoning" in text and (found := _POISONED.search(text)):
            self.poisoned[found.group(1)] = found.group(2)
        if "-- END PROG LOAD LOG" in text:
            self._end_log()


def find_called(text: str) -> str | None:
    """Return the function that an instruction quoted in a line calls."""
    found = _CALL.search(text) if "(85) call " in text else None
    return found.group(1) if found else None


def find_program_afterwards(text: str) -> str | None:
    """Return the program that a line after a log says the log was about."""
    found = _AFTERWARDS.search(text)
    return found.group(1).rstrip(".:") if found else None


def find_in_backtrace(text: str) -> tuple[str | None, str | None]:
    """Return (program, kfunc) of a line of a backtrace, where it names one."""
    program = _JITED.search(text)
    called = _CALLED.match(text)
    name = called.group(1) if called and not called.group(1).startswith("bpf_prog_") else None
    return (program.group(1) if program else None), name


def find_report_source(text: str) -> str | None:
    """Return file:line of a line `function @ file.c:12:5` of the verifier's report."""
    found = _REPORT_SOURCE.match(text)
    return found.group(1) if found else None
