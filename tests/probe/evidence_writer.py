"""Evidence as the probe writes it, made in tests."""

from __future__ import annotations

import json
from typing import Any


def context(
    program_type: str | None = "BPF_PROG_TYPE_XDP", verdicts: str = "AD", **more: Any
) -> Any:
    """Return one context of the document."""
    names = {"attach_type": None, "target": None, "struct_ops": None, "member": None}
    state = {"sleepable": False, "may_sleep": False, "loads": True, "message": None}
    return {"program_type": program_type, **names, **state, "verdicts": verdicts, **more}


def document(**more: Any) -> dict[str, Any]:
    """Return a whole document of two kfuncs in one context; `more` goes over it."""
    return {
        "format": "kfmap-evidence",
        "version": 1,
        "kernel": "7.3.4+test-amd64",
        "build": "#1 SMP",
        "machine": "x86_64",
        "build_id": "0a1b2c",
        "kfuncs": ["bpf_one", "bpf_two"],
        "modules": {},
        "contexts": [context()],
        "undetermined": {},
        "complete": True,
        **more,
    }


def write(**more: Any) -> bytes:
    """Return the document as bytes."""
    return json.dumps(document(**more)).encode()
