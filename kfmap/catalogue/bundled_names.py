"""The names that any bundled kernel has, kept beside them: all their facts take long to read.

`bundled_names.json` is written by `bundle_kernels`; a test compares it with the facts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from kfmap.kernel.facts_json import FactsOutline
from kfmap.kernel.known_names import KnownNames, collect_names

_FILE = Path(__file__).with_name("bundled_names.json")


def read_bundled_names() -> KnownNames:
    """Return the names that any bundled kernel has."""
    kept = json.loads(_FILE.read_bytes())
    kfuncs = dict.fromkeys(kept["kfuncs"], ()) | {
        name: tuple(owners) for name, owners in kept["modules"].items()
    }
    return KnownNames(kfuncs, frozenset(kept["struct_ops"]))


def save_bundled_names(kernels: Iterable[FactsOutline]) -> None:
    """Write what `read_bundled_names` reads anew."""
    names = collect_names(kernels)
    modules = {name: list(owners) for name, owners in sorted(names.kfuncs.items()) if owners}
    of_the_kernel = sorted(name for name, owners in names.kfuncs.items() if not owners)
    kept = {"kfuncs": of_the_kernel, "modules": modules, "struct_ops": sorted(names.struct_ops)}
    _FILE.write_text(json.dumps(kept, indent=1) + "\n")
