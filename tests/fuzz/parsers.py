"""Every parser of what strangers give, with whole inputs to begin from and how it refuses."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import zstandard

from kfmap.archives.files import list_stream
from kfmap.archives.stream import ArchiveError, Budget, Stream, chunks_of
from kfmap.btf import pack
from kfmap.btf.elf import read_section
from kfmap.btf.ext import read_btf_ext
from kfmap.btf.function_names import FunctionNames
from kfmap.btf.function_pack import pack_functions
from kfmap.btf.kinds import Kind
from kfmap.btf.read import BtfError, read_btf
from kfmap.btf.vmlinux import extract_btf
from kfmap.decoder.reading import read_log
from kfmap.kernel.config import read_config
from kfmap.kernel.extract import TreeError
from kfmap.kernel.facts_json import FactsError, parse_facts, render_facts
from kfmap.permission.what_if.apply import apply_edits
from kfmap.permission.what_if.edit_json import read_edits
from kfmap.permission.what_if.edits import EditError
from kfmap.probe.evidence import EvidenceError, read_evidence
from kfmap.probe.run_time_evidence import FORMAT, VERSION, read_run_time
from tests.archives.packages import make_cpio, make_deb, make_rpm, make_tar
from tests.decoder import logs
from tests.kernel.small_kernel import FILES, extract
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.engine.object.objects import NAMES, object_bytes
from verifier.engine.containers.find import find_objects
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.policy.reading import PolicyError, read_examples, read_policy
from verifier.engine.verdict import prepare_object


@dataclass(frozen=True, slots=True)
class Parser:
    """`refusals` are the errors that say in a sentence what is wrong with an input."""

    seeds: Callable[[], list[bytes]]
    parse: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    is_text: bool = False


@cache
def _objects() -> list[bytes]:
    return [object_bytes(name) for name in NAMES]


@cache
def _btf() -> list[bytes]:
    return [read_section(data, ".BTF") for data in _objects() if b".BTF.ext" in data]


def _read_all_btf(data: bytes) -> None:
    """Read every type as code that asks for it does: its name, and what its kind has."""
    btf = read_btf(data)
    for type_id, kind in enumerate(btf.kinds[:3000]):
        btf.name(type_id)
        if kind in (Kind.STRUCT, Kind.UNION):
            btf.members(type_id)
            btf.fields(type_id)
        elif kind == Kind.FUNC_PROTO:
            btf.params(type_id)
        elif kind in (Kind.ENUM, Kind.ENUM64):
            btf.enumerators(type_id)
        elif kind == Kind.DATASEC:
            btf.variables(type_id)
        btf.resolve(type_id)
        with suppress(BtfError):  # functions have none
            btf.size(type_id)


def _read_object(data: bytes) -> None:
    prepare_object(read_object(data))


@cache
def _ext() -> list[bytes]:
    return [read_section(data, ".BTF.ext") for data in _objects() if b".BTF.ext" in data]


def _read_ext(data: bytes) -> None:
    """Read line and relocation records against the types of one object."""
    read_btf_ext(data, read_btf(_btf()[0]))


@cache
def _images() -> list[bytes]:
    """Return vmlinux as ELF, and images of x86 and arm64 that carry one packed in two ways."""
    elf = next(data for data in _objects() if b".BTF.ext" in data)
    packed = [zstandard.ZstdCompressor().compress(elf), gzip.compress(elf)]
    arm = bytearray(b"MZ" + bytes(62))
    arm[0x38:0x3C] = b"ARM\x64"
    return [elf, *_btf()[:1], *packed, *(bytes(arm) + item for item in packed)]


@cache
def _facts() -> list[bytes]:
    return [render_facts(create_toy_kernel()).encode()]


@cache
def _names() -> list[bytes]:
    return [pack_functions(read_btf(data)) for data in _btf()]


def _look_up(data: bytes) -> None:
    names = FunctionNames(data)
    names.has("main")
    names.arguments("main")


@cache
def _packed_types() -> list[bytes]:
    return [pack.pack(data) for data in _btf()]


def _config() -> list[bytes]:
    lines = ['CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="text \\"quoted\\""\nCONFIG_HZ=1000\n']
    return [(lines[0] * 20).encode()]


@cache
def _sources() -> list[bytes]:
    return [text.encode() for name, text in FILES.items() if name.endswith((".c", ".h"))]


def _extract_tree(data: bytes) -> None:
    """Read a small tree in which one file is damaged."""
    sources = _sources()
    at = max(range(len(sources)), key=lambda at: _alike(sources[at], data))
    names = [name for name in FILES if name.endswith((".c", ".h"))]
    with tempfile.TemporaryDirectory() as folder:
        extract(Path(folder), {names[at]: data.decode("latin-1")})


def _alike(one: bytes, other: bytes) -> int:
    return sum(a == b for a, b in zip(one[:400], other[:400], strict=False))


@cache
def _logs() -> list[bytes]:
    whole = [
        value for name, value in vars(logs).items() if name.isupper() and isinstance(value, str)
    ]
    return [text.encode() for text in whole]


def _evidence() -> list[bytes]:
    context: dict[str, Any] = {
        "program_type": "BPF_PROG_TYPE_XDP",
        "verdicts": "AD?",
    }
    body = {"version": 1, "kernel": "7.2.1", "build": "#1", "machine": "x86_64", "build_id": ""}
    return [json.dumps({**body, "kfuncs": ["a", "b", "c"], "contexts": [context]}).encode()]


@cache
def _archives() -> list[bytes]:
    data = _objects()[0]
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.bpf.o", data)
        archive.writestr("folder/b.txt", "text")
    with tarfile.open(fileobj=tarred, mode="w") as tar:
        member = tarfile.TarInfo("a.bpf.o")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    packed = zstandard.ZstdCompressor().compress(tarred.getvalue())
    host = Path("/bin/true").read_bytes() if Path("/bin/true").exists() else b"\x7fELF"
    return [zipped.getvalue(), tarred.getvalue(), packed, host]


def _run_time() -> list[bytes]:
    lines = [
        {"format": FORMAT, "version": VERSION, "release": "6.18.1"},
        {"op": "select_cpu", "kfunc": "scx_bpf_dsq_move", "called": True, "message": "ok"},
        {
            "op": "enqueue",
            "kfunc": "scx_bpf_kick_cpu",
            "called": True,
            "message": "kfunc with mask",
        },
    ]
    return ["\n".join(map(json.dumps, lines)).encode()]


@cache
def _packages() -> list[bytes]:
    files = {"boot/config": b"CONFIG_A=y\n" * 50, "boot/vmlinuz": bytes(range(256)) * 20}
    return [make(files) for make in (make_tar, make_deb, make_cpio, make_rpm)]


def _list_package(data: bytes) -> None:
    budget = Budget(1 << 22, 1000)
    for file in list_stream(Stream(chunks_of(io.BytesIO(data)), budget), budget):
        file.read(1 << 20)


def _policies() -> list[bytes]:
    return [text.encode() for text in read_examples().values()]


def _edits() -> list[bytes]:
    facts = create_toy_kernel()
    source, target = facts.sets[0], facts.sets[1]
    registered = facts.registrations[0]
    edits = [
        {
            "kind": "move_kfunc",
            "kfunc": source.entries[0].kfunc,
            "from_set": source.id,
            "to_set": target.id,
        },
        {
            "kind": "drop_registration",
            "program_type": registered.program_type,
            "set_id": registered.set_id,
        },
    ]
    return [json.dumps({"version": 1, "edits": edits}).encode()]


def _apply_edits(data: bytes) -> None:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:  # a page says so before it reads edits
        raise EditError("no JSON") from error
    apply_edits(create_toy_kernel(), read_edits(body), "variant")


PARSERS: dict[str, Parser] = {
    "ELF": Parser(_objects, _read_object, (ObjectError,)),
    "BTF": Parser(_btf, _read_all_btf, (BtfError,)),
    ".BTF.ext": Parser(_ext, _read_ext, (BtfError,)),
    "images": Parser(_images, lambda data: read_btf(extract_btf(data)), (BtfError,)),
    "packed types": Parser(_packed_types, pack.unpack, (BtfError,)),
    "names of functions": Parser(_names, _look_up, (BtfError,)),
    "facts": Parser(_facts, parse_facts, (FactsError,), is_text=True),
    "config": Parser(_config, read_config, (), is_text=True),
    "C trees": Parser(_sources, _extract_tree, (TreeError,), is_text=True),
    "logs": Parser(_logs, lambda data: read_log(data.decode(errors="replace")), (), is_text=True),
    "evidence": Parser(_evidence, read_evidence, (EvidenceError,), is_text=True),
    "run-time evidence": Parser(_run_time, read_run_time, (EvidenceError,), is_text=True),
    "packages": Parser(_packages, _list_package, (ArchiveError,)),
    "policies": Parser(
        _policies,
        lambda data: read_policy(data.decode(errors="replace")),
        (PolicyError,),
        is_text=True,
    ),
    "archives": Parser(_archives, lambda data: list(find_objects("a", data)), ()),
    "what-if": Parser(_edits, _apply_edits, (EditError,), is_text=True),
}
