"""Helpers: which programs may call them, which may sleep, which need a licence.

kernel/bpf/verifier.c: check_helper_call().
"""

from __future__ import annotations

from kfmap.decoder.about import About
from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

HELPERS = (
    Pattern(
        Kind.HELPER_NOT_ALLOWED,
        "program of this type cannot use helper {helper}#{helper_id}",
    ),
    Pattern(Kind.HELPER_NOT_ALLOWED, "unknown func {helper}#{helper_id}"),
    Pattern(Kind.HELPER_NOT_ALLOWED, "invalid func {helper}#{helper_id}", About.NO_SUCH),
    Pattern(Kind.HELPER_NOT_ALLOWED, "invalid func {helper_id}", About.NO_SUCH),
    Pattern(Kind.HELPER_NOT_ALLOWED, "helper call is not allowed in probe", About.PROBE),
    Pattern(
        Kind.HELPER_NOT_ALLOWED,
        "func {helper}#{helper_id} supported only for fentry/fexit/fmod_ret programs",
        About.ATTACH_TYPE,
    ),
    Pattern(
        Kind.HELPER_NOT_ALLOWED,
        "func {helper}#{helper_id} supported only for fentry/fexit/fsession/fmod_ret programs",
        About.ATTACH_TYPE,
    ),
    Pattern(
        Kind.HELPER_NOT_ALLOWED,
        "func {helper}#{helper_id} not supported for program type {n}",
    ),
    Pattern(Kind.HELPER_NOT_ALLOWED, "helper access to the packet is not allowed", About.PACKET),
    Pattern(Kind.HELPER_NOT_ALLOWED, "cannot update sockmap in this context", About.SOCKMAP),
    Pattern(
        Kind.HELPER_NOT_ALLOWED,
        "helper {helper} not supported in probe",
    ),
    Pattern(Kind.HELPER_NOT_ALLOWED, "helper {helper} not allowed in probe"),
    Pattern(Kind.HELPER_SLEEPS, "sleepable helper {helper}#{helper_id} in {region}"),
    Pattern(Kind.HELPER_SLEEPS, "helper call might sleep in a non-sleepable prog"),
    Pattern(Kind.HELPER_SLEEPS, "helper call might sleep", general=True),
    Pattern(
        Kind.LICENCE,
        "cannot call GPL-restricted function from non-GPL compatible program",
        About.HELPER,
    ),
)
