"""Lines that only say that a load failed: the reason stands elsewhere, or nowhere in the text."""

from __future__ import annotations

from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

_FAILED = (
    "prog '{function}': BPF program load failed: {errno}",
    "prog '{function}': failed to load: {errno}",
    "load bpf program failed: {errno}",
    "failed to load program '{name}'",
    "failed to load object '{quoted}'",
    "failed to load BPF skeleton '{quoted}': {errno}",
    "failed to load object file",
    "failed to load BPF object",
    "load {name}, with BTF, with func_infos = {errno}",
    "load {name}, with BTF = {errno}",
    "load {name}, version: {word} = {errno}",
    "failed to open object file",
    "Error: failed to load {words}",
    "the BPF_PROG_LOAD syscall failed",
    "BPF_PROG_LOAD failed: {detail}",
    "Error fetching program/map!",
    "Error fetching ELF ancillary data!",
    "Error filling program arrays!",
    "Error loading maps into kernel!",
    "Unable to load program",
    "BTF debug data section '{quoted}' rejected: {errno} ({n})!",
    "`{place}` failed",
    "the program is not loaded",
    "the BPF_PROG_LOAD syscall returned {errno}",
    "load program: {errno}",
    "Error loading program: {name}",
    "Error loading BPF program for {name}",
    "error loading BPF program",
    "Loading BPF object(s) failed",
    "prog '{function}': failed to prepare load attributes: {errno}",
    "[SCX_BUG] {word} ({errno})",
    "Unknown BPF object load failure",
    "bpf(BPF_PROG_LOAD, {detail} = -1 {errno}",
    "Failed to load BPF program",
    "failed to load BPF program",
    "Failed to open BPF skeleton",
    "Failed to open and load BPF skeleton",
    "Failed to load and attach BPF skeleton",
    "Prog section '{quoted}' rejected: {errno}",
    "{words} (os error {n})",
    "Failed to load and verify BPF skeleton",
    "Error: BPF program load failed",
    "bpf_object__load() failed: {errno}",
    "Failed to load skel",
    "Failed to attach skel",
    "Failed to attach struct_ops",
    "Failed to attach struct ops",
    "No probes to attach",
    "bpf_load_program() event={name}: {errno}",
)

_NOT_PERMITTED = (
    "prog '{function}': BPF program load failed: Operation not permitted",
    "prog '{function}': BPF program load failed: -EPERM",
)

CONSEQUENCES = (
    *(Pattern(Kind.LOAD_FAILED, template, general=True) for template in _FAILED),
    *(Pattern(Kind.PRIVILEGE, text, general=True) for text in _NOT_PERMITTED),
)
