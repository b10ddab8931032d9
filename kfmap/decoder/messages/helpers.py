"""Helpers: which programs may call them, which may sleep, which need a licence.

kernel/bpf/verifier.c: check_helper_call().
"""

from __future__ import annotations

from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

HELPERS = (
    Pattern(
        Kind.HELPER_NOT_ALLOWED,
        "program of this type cannot use helper {helper}#{helper_id}",
        "program_type",
    ),
    Pattern(Kind.HELPER_NOT_ALLOWED, "unknown func {helper}#{helper_id}", "program_type"),
    Pattern(Kind.HELPER_NOT_ALLOWED, "invalid func {helper}#{helper_id}", "no_such"),
    Pattern(Kind.HELPER_NOT_ALLOWED, "helper call is not allowed in probe", "probe"),
    Pattern(
        Kind.HELPER_NOT_ALLOWED,
        "func {helper}#{helper_id} supported only for fentry/fexit/fmod_ret programs",
        "attach_type",
    ),
    Pattern(
        Kind.HELPER_NOT_ALLOWED,
        "func {helper}#{helper_id} supported only for fentry/fexit/fsession/fmod_ret programs",
        "attach_type",
    ),
    Pattern(
        Kind.HELPER_NOT_ALLOWED,
        "func {helper}#{helper_id} not supported for program type {n}",
        "program_type",
    ),
    Pattern(Kind.HELPER_NOT_ALLOWED, "helper access to the packet is not allowed", "packet"),
    Pattern(Kind.HELPER_NOT_ALLOWED, "cannot update sockmap in this context", "sockmap"),
    Pattern(
        Kind.HELPER_NOT_ALLOWED,
        "helper {helper} not supported in probe",
        "program_type",
    ),
    Pattern(Kind.HELPER_NOT_ALLOWED, "helper {helper} not allowed in probe", "program_type"),
    Pattern(Kind.HELPER_SLEEPS, "sleepable helper {helper}#{helper_id} in {region}"),
    Pattern(Kind.HELPER_SLEEPS, "helper call might sleep in a non-sleepable prog"),
    Pattern(Kind.HELPER_SLEEPS, "helper call might sleep", general=True),
    Pattern(
        Kind.LICENCE,
        "cannot call GPL-restricted function from non-GPL compatible program",
        "helper",
    ),
)
