"""The process that reads what strangers give as a kernel: locked in, and without Django.

A request comes as one line of JSON; each step goes out as a line, the last one has `result` or
`problem`. Facts, types and options are written to files in the scratch folder.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from kfmap.btf.function_pack import pack_functions
from kfmap.btf.layout import BtfError
from kfmap.btf.read import read_btf
from kfmap.counting import count_of
from kfmap.given.configuration import GivenConfig, read_given_config
from kfmap.given.files import GivenError, join_doubts, read_file
from kfmap.given.nearest import Types, compare_options, estimate_facts, find_like, find_nearest
from kfmap.given.read import Given, ReadKernel, find_other_machine, read_given
from kfmap.given.types import GivenTypes, read_given_types
from kfmap.kernel.config import read_config
from kfmap.kernel.facts import ESTIMATED, KernelFacts, Origin
from kfmap.kernel.facts_json import parse_facts, render_facts
from kfmap.kernel.tree import TreeError
from kfmap.probe.evidence import MOST_BYTES, EvidenceError, read_evidence
from kfmap.probe.observed_kernel import build_observed
from verifier.engine.confinement.reading import confine_reading

_MOST_FILE = 2 << 30  # bytes that one file in the scratch folder may have
_ANOTHER = (
    "{config.name} is of {config.release}, and the types come nearest to those of {like.name}: "
    "perhaps it is the configuration of another kernel"
)
_REFUSED = (TreeError, BtfError, EvidenceError, ValueError)


def main() -> None:
    """Read one kernel as the request says."""
    request = json.loads(sys.stdin.readline())
    _limit(request["megabytes"], request["seconds"])
    scratch = Path(request["scratch"])
    tempfile.tempdir = str(scratch)  # an image in a package is taken out there: nowhere else may be
    # What the parts are is in the scratch folder, but for a tree of this machine.
    confine_reading(map(Path, request["folders"]), scratch)
    try:
        _say(result=_read(request, scratch))
    except GivenError as error:
        _say(problem=str(error), advice=error.advice)
    except _REFUSED as error:
        _say(problem=str(error), advice=None)
    except MemoryError:
        needs = f"It needs more than {request['megabytes']} MB of memory to be read."
        _say(problem=needs, advice=None)


def _limit(megabytes: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_FILE, _MOST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _say(**message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _read(request: dict[str, Any], scratch: Path) -> dict[str, Any]:
    parts = {kind: Path(path) for kind, path in request["parts"].items()}
    if "tree" in parts:
        return _read_source(request, parts, scratch)
    if "types" in parts:
        return _estimate(request, parts, scratch)
    return _read_evidence(request, parts["evidence"], scratch)


def _read_source(request: dict[str, Any], parts: dict[str, Path], scratch: Path) -> dict[str, Any]:
    unpacked = scratch / "source"
    unpacked.mkdir()
    given = Given(
        tree=parts["tree"],
        config=parts.get("config"),
        types=(parts["types"],) if "types" in parts else (),
        name=request["name"],
        label=request["label"],
        anyway=request["anyway"],
    )
    read = read_given(given, unpacked, lambda step: _say(step=step))
    _write(scratch, read.facts, read.types, read.config, read.functions)
    return {
        "remarks": read.remarks,
        "doubts": read.doubts,
        "source": read.source.what,
        "commit": asdict(read.source.commit) if read.source.commit else None,
        "difference": {},
        "nearest": _nearest_to(read, request),
    }


def _nearest_to(read: ReadKernel, request: dict[str, Any]) -> str:
    """Return the kernel of the map that shares most kfuncs with one that was read."""
    _say(step="looking for the nearest kernel")
    return find_like(read.facts, map(_candidate, request["candidates"]))


def _candidate(path: str) -> KernelFacts:
    return parse_facts(Path(path).read_bytes())


def _estimate(request: dict[str, Any], parts: dict[str, Path], scratch: Path) -> dict[str, Any]:
    """Answer by the rules of the nearest kernel, with the types that were given."""
    _say(step="looking at the configuration and the image")
    config = read_given_config(parts["config"]) if "config" in parts else None
    given = read_given_types([parts["types"]])
    if config:
        _refuse_another_kernels(config, given)
    btf = read_btf(given.btf)
    text = config.text if config else given.config
    release = given.release or (config.release if config else "")
    _say(step="looking for the nearest kernel")
    candidates = {facts.name: facts for facts in map(_candidate, request["candidates"])}
    types = Types(btf)
    difference = find_nearest(types, candidates.values(), release)
    like = candidates[difference.kernel]
    _refuse_without_kfuncs(types, like, parts["types"])
    doubts = []
    if config and not given.release and _is_of_another(config.release, like, candidates.values()):
        doubts.append(_ANOTHER.format(config=config, like=like))
        release = ""
    _say(step="applying its rules")
    differences = count_of(difference.distance, "difference")
    apart = f"types of {release or 'a kernel'}, rules of {like.name}, {differences}"
    named = f"{request['label']}: " if request["label"] else ""
    origin = Origin(like.origin.tree_version, "", "", ESTIMATED, f"{named}an estimate: {apart}")
    own = replace(like, name=request["name"] or f"mine-{_series(release) or like.name}")
    facts = estimate_facts(types, own, difference, release, origin)
    _write(scratch, facts, given.btf, text, pack_functions(btf, given.modules))
    options = request["options"].get(like.name)
    differing = compare_options(options, read_config(text).options) if text and options else ()
    return {
        "remarks": [],
        "doubts": [apart, *doubts],
        "source": f"rules of {like.name}, types of what was given",
        "commit": None,
        "difference": {**asdict(difference), "distance": difference.distance, "options": differing},
        "nearest": like.name,
    }


def _refuse_another_kernels(config: GivenConfig, given: GivenTypes) -> None:
    """Raise GivenError where a configuration cannot be that of the kernel with these types."""
    wrong = list(find_other_machine(given, config))
    if config.release and given.release and _series(config.release) != _series(given.release):
        wrong.append(f"the types are of {given.release}, and {config.name} is of {config.release}")
    if wrong:
        raise GivenError(f"{join_doubts(wrong)}: give the configuration of that kernel.")


def _refuse_without_kfuncs(types: Types, like: KernelFacts, path: Path) -> None:
    """Raise GivenError for types of which even the nearest kernel has no kfunc."""
    if not any(types.prototype(kfunc.name) for kfunc in like.kfuncs):
        raise GivenError(
            f"{path} has types, but no kfunc of any kernel is in them: give those of a kernel with "
            "BPF, /sys/kernel/btf/vmlinux or its image."
        )


def _is_of_another(release: str, like: KernelFacts, known: Iterable[KernelFacts]) -> bool:
    """Return whether a release is not of the nearest kernel's series, though its own is known."""
    own = _series(release)
    return own != _series(like.version) and any(_series(facts.version) == own for facts in known)


def _series(release: str) -> str:
    return ".".join(release.split(".")[:2])


def _read_evidence(request: dict[str, Any], path: Path, scratch: Path) -> dict[str, Any]:
    _say(step="reading the evidence")
    data = read_file(path, MOST_BYTES)
    try:
        evidence = read_evidence(data)
    except EvidenceError as error:
        raise GivenError(f"{path} cannot be read: {error}") from error
    candidates = [_candidate(item) for item in request["candidates"]]
    if not candidates:
        raise GivenError(
            "The map has no kernel with rules, and evidence cannot be read without one."
        )
    like = candidates[-1]
    facts = build_observed(evidence, request["name"] or "asked", request["label"], like)
    _write(scratch, facts, None, None, None)
    return {
        "remarks": ["Its verdicts are what the kernel itself answered; its rules are not known."],
        "doubts": [],
        "source": "evidence of a probe",
        "commit": None,
        "difference": {},
        "nearest": find_like(facts, candidates),
    }


def _write(
    scratch: Path,
    facts: KernelFacts,
    types: bytes | None,
    config: bytes | None,
    functions: bytes | None,
) -> None:
    written = {
        "facts": render_facts(facts).encode(),
        "types": types,
        "config": config,
        "functions": functions,
    }
    for name, data in written.items():
        if data is not None:
            (scratch / f"{name}.out").write_bytes(data)


if __name__ == "__main__":
    main()
