"""The verifier's own rules, which kfmap does not judge: each message with the class it is of.

kernel/bpf/verifier.c, and from 7.2 also cfg.c, check_btf.c, fixups.c, states.c; kernel/bpf/btf.c.
"""

from __future__ import annotations

from kfmap.decoder.about import About
from kfmap.decoder.kinds import Kind
from kfmap.decoder.messages.verifier_memory import MEMORY
from kfmap.decoder.messages.verifier_program import PROGRAM
from kfmap.decoder.pattern import Pattern

# The classes, in words for "a complaint about …".
CLASSES = {
    About.POINTER: "the type of a pointer or register",
    About.ARITHMETIC: "arithmetic on pointers",
    About.MEMORY: "the bounds of a memory access",
    About.PACKET: "access to packet data",
    About.STACK: "the stack",
    About.CONTEXT_ACCESS: "access to the program's context",
    About.REFERENCE: "a reference that is not released, or released twice",
    About.KPTR: "kernel pointers in maps and allocated objects",
    About.DYNPTR: "dynptrs and iterators",
    About.RETURN_VALUE: "the return value",
    About.CONTROL_FLOW: "jumps, loops and unreachable code",
    About.COMPLEXITY: "the size or complexity of the program",
    About.INSTRUCTION: "the encoding of an instruction",
    About.FUNCTION: "the signature or type information of a function of the program",
    About.BTF: "the program's BTF",
    About.TAIL_CALL: "tail calls",
    About.HELPER_ARGUMENT: "an argument of a helper",
    About.SPECULATION: "what unprivileged programs may do under speculation",
    About.CAPABILITY: "an access that needs CAP_PERFMON or CAP_SYS_ADMIN",
    About.CONTEXT: "where an iterator may be used",
    About.PLACE: "something that is forbidden in the region or program that it stands in",
    About.POLICY: "something that this program, or this user, may not do",
    About.SIGNATURE: "the signature of a signed program",
    About.FORMAT: "a format string",
    About.INTERNAL: "a fault of the verifier itself, worth a report to the kernel's BPF developers",
    About.OTHER: "a rule of its own",
}

# What the verifier says in passing: it counts only where nothing else is said.
_ASIDES = (
    (About.FUNCTION, "Global function {word} doesn't return scalar. Only those are supported"),
    (
        About.FUNCTION,
        "Global function {word} return value not void or scalar. Only those are supported",
    ),
    (About.FUNCTION, "Unrecognized {argument} type {word}"),
    (About.FUNCTION, "{argument} reference type('{quoted}') size cannot be determined: {n}"),
)
# The headings of the reports that the verifier writes after a message since 7.3
# (kernel/bpf/diagnostics.c).
_HEADINGS = (
    (About.POINTER, "Verification failed: Register Type Safety"),
    (About.MEMORY, "Verification failed: Memory Safety"),
    (About.REFERENCE, "Verification failed: Resource Lifetime Safety"),
    (About.FUNCTION, "Verification failed: Call Type Safety"),
    (About.PLACE, "Verification failed: Execution Context Safety"),
    (About.CONTROL_FLOW, "Verification failed: Program Structure"),
    (About.POLICY, "Verification failed: Policy"),
    (About.OTHER, "Verification failed: Verifier Error"),
)

VERIFIER = (
    *(
        Pattern(Kind.VERIFIER, template, about, first=about == About.INTERNAL)
        for table in (MEMORY, PROGRAM)
        for about, templates in table.items()
        for template in templates
    ),
    *(
        Pattern(Kind.VERIFIER, template, about, general=True)
        for about, template in (*_ASIDES, *_HEADINGS)
    ),
)
