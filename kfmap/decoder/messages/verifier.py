"""The verifier's own rules, which kfmap does not judge: each message with the class it is of.

kernel/bpf/verifier.c, and from 7.2 also cfg.c, check_btf.c, fixups.c, states.c; kernel/bpf/btf.c.
"""

from __future__ import annotations

from kfmap.decoder.kinds import Kind
from kfmap.decoder.messages.verifier_memory import MEMORY
from kfmap.decoder.messages.verifier_program import PROGRAM
from kfmap.decoder.pattern import Pattern

# The classes, in words for "a complaint about …".
CLASSES = {
    "pointer": "the type of a pointer or register",
    "arithmetic": "arithmetic on pointers",
    "memory": "the bounds of a memory access",
    "packet": "access to packet data",
    "stack": "the stack",
    "context_access": "access to the program's context",
    "reference": "a reference that is not released, or released twice",
    "kptr": "kernel pointers in maps and allocated objects",
    "dynptr": "dynptrs and iterators",
    "return_value": "the return value",
    "control_flow": "jumps, loops and unreachable code",
    "complexity": "the size or complexity of the program",
    "instruction": "the encoding of an instruction",
    "function": "the signature or type information of a function of the program",
    "btf": "the program's BTF",
    "tail_call": "tail calls",
    "helper_argument": "an argument of a helper",
    "speculation": "what unprivileged programs may do under speculation",
    "capability": "an access that needs CAP_PERFMON or CAP_SYS_ADMIN",
    "context": "where an iterator may be used",
    "place": "something that is forbidden in the region or program that it stands in",
    "policy": "something that this program, or this user, may not do",
    "signature": "the signature of a signed program",
    "format": "a format string",
    "internal": "a fault of the verifier itself, worth a report to the kernel's BPF developers",
    "other": "a rule of its own",
}

# What the verifier says in passing: it counts only where nothing else is said.
_ASIDES = (
    ("function", "Global function {word} doesn't return scalar. Only those are supported"),
    (
        "function",
        "Global function {word} return value not void or scalar. Only those are supported",
    ),
    ("function", "Unrecognized {argument} type {word}"),
    ("function", "{argument} reference type('{quoted}') size cannot be determined: {n}"),
)
# The headings of the reports that the verifier writes after a message since 7.3
# (kernel/bpf/diagnostics.c).
_HEADINGS = (
    ("pointer", "Verification failed: Register Type Safety"),
    ("memory", "Verification failed: Memory Safety"),
    ("reference", "Verification failed: Resource Lifetime Safety"),
    ("function", "Verification failed: Call Type Safety"),
    ("place", "Verification failed: Execution Context Safety"),
    ("control_flow", "Verification failed: Program Structure"),
    ("policy", "Verification failed: Policy"),
    ("other", "Verification failed: Verifier Error"),
)

VERIFIER = (
    *(
        Pattern(Kind.VERIFIER, template, about, first=about == "internal")
        for table in (MEMORY, PROGRAM)
        for about, templates in table.items()
        for template in templates
    ),
    *(
        Pattern(Kind.VERIFIER, template, about, general=True)
        for about, template in (*_ASIDES, *_HEADINGS)
    ),
)
