"""Fill a map with kernels or objects, and print what its pages cost as JSON."""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import django
import django.utils.timezone

django.setup()

from django.conf import settings  # noqa: E402 - Django is set up first
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from kfmap.catalogue.models import Kernel  # noqa: E402
from kfmap.catalogue.rows.build import build_kernel_rows  # noqa: E402
from kfmap.catalogue.rows.keep import store_rows  # noqa: E402
from kfmap.catalogue.store import load_row, save_kernel  # noqa: E402
from kfmap.permission.engine import ENGINE_VERSION  # noqa: E402
from kfmap.web.shared.kept_pages import KEPT_PAGES  # noqa: E402
from tests.benchmarks.every_page import measure_reader  # noqa: E402
from tests.benchmarks.grown_readers import (  # noqa: E402
    CALLED_BY_FEW,
    CALLED_BY_MANY,
    FEW,
    MANY,
    NONE,
    READERS,
    add_readers,
    is_of_many,
)
from verifier.records.models import (  # noqa: E402
    BpfObject,
    Call,
    Check,
    Job,
    Program,
    Submission,
    SubmittedFile,
    Verdict,
)
from verifier.spaces.models import Space  # noqa: E402

_PATH = [{"function": "main", "instruction": 3, "source": None}]
_TIMES = 7
_BATCH = 2000


def add_kernels(count: int) -> None:
    """Copy kernels under other names until there are so many; their rows are those of the first."""
    rows = list(Kernel.objects.listed())
    bundled = [load_row(row) for row in rows if row.source == Kernel.Source.BUNDLED]
    built = [build_kernel_rows(kernel) for kernel in bundled] if count > len(rows) else []
    for at in range(len(rows), count):
        facts = bundled[at % len(bundled)].facts
        name = f"{facts.name}.{at}"
        copy = replace(facts, name=name, version=f"{facts.version}-copy{at}")
        store_rows(save_kernel(copy, None).kernel.facts_hash, built[at % len(bundled)])


def add_objects(count: int) -> None:
    """Make rows as checks of so many small objects on four kernels leave them."""
    user, _ = User.objects.get_or_create(username="grower")
    have = BpfObject.objects.count()
    hashes = [hashlib.sha256(str(at).encode()).hexdigest() for at in range(have, count)]
    facts = list(Kernel.objects.values_list("facts_hash", flat=True)[:4])
    submission = Submission.objects.create(user=user)
    for begin in range(0, len(hashes), _BATCH):
        some = hashes[begin : begin + _BATCH]
        _add_objects(some, facts, submission)
    add_readers()


def _add_objects(hashes: list[str], facts: list[str], submission: Submission) -> None:
    now = django.utils.timezone.now()
    objects = BpfObject.objects.bulk_create(
        BpfObject(
            sha256=item,
            file_name=f"{item[:8]}.bpf.o",
            size=10_000,
            read_at=now,
            checked_by=ENGINE_VERSION,
        )
        for item in hashes
    )
    SubmittedFile.objects.bulk_create(
        SubmittedFile(
            submission=submission, space=submission.space, name=item.file_name, object=item
        )
        for item in objects
    )
    Job.objects.bulk_create(Job(object=item, state=Job.State.DONE) for item in objects)
    programs = Program.objects.bulk_create(
        Program(
            object=item, position=0, name="main", section="xdp", program_type="BPF_PROG_TYPE_XDP"
        )
        for item in objects
    )
    Call.objects.bulk_create(
        Call(
            program=item,
            object_id=item.object_id,
            kfunc=CALLED_BY_FEW if is_of_many(at) else CALLED_BY_MANY,
            instruction=3,
            weak=False,
            path=_PATH,
        )
        for at, item in enumerate(programs)
    )
    checks = Check.objects.bulk_create(
        Check(object=item, facts_hash=facts_hash, engine_version=ENGINE_VERSION)
        for item in objects
        for facts_hash in facts
    )
    Verdict.objects.bulk_create(
        Verdict(check_row=item, program="main", verdict="passes") for item in checks
    )


def measure() -> dict[str, float]:
    """Return the CPU time of each page in ms, of the first one after the start too, and memory."""
    KEPT_PAGES.max_bytes = 0
    settings.ALLOWED_HOSTS.append("testserver")
    names = _some_kfuncs()
    reader, account = Client(), Client()
    account.force_login(User.objects.get_or_create(username="grower")[0])
    newest = Kernel.objects.get(name="7.3").name
    one = BpfObject.objects.order_by("pk").first()

    def kfunc(at: int) -> str:
        return f"/kernels/{newest}/kfuncs/{names[at]}/"

    def question(at: int) -> str:
        return f"/can-call/?kernel={newest}&context=xdp&kfunc={names[at]}"

    pages: dict[str, tuple[Client, Callable[[int], str]]] = {
        "a kfunc, another each time": (reader, kfunc),
        "the same kfunc": (reader, lambda at: kfunc(0)),
        "a question, another each time": (reader, question),
        "search": (reader, lambda at: f"/search/?q={names[at][:9]}"),
        "names for suggestions": (reader, lambda at: "/search/names.json"),
        "a context": (reader, lambda at: f"/kernels/{newest}/contexts/xdp/"),
        "a structure": (reader, lambda at: f"/kernels/{newest}/struct-ops/sched_ext_ops/"),
        "a callback": (reader, lambda at: f"/kernels/{newest}/struct-ops/sched_ext_ops/enqueue/"),
        "a set": (reader, lambda at: f"/kernels/{newest}/sets/scx_kfunc_ids_any/"),
        "what each release changed": (reader, lambda at: "/compare/"),
        "kernels": (reader, lambda at: "/kernels/"),
        "a kernel": (reader, lambda at: f"/kernels/{newest}/"),
        "its kfuncs": (reader, lambda at: f"/kernels/{newest}/kfuncs/"),
        "its matrix": (reader, lambda at: f"/kernels/{newest}/matrix/"),
        "data of its matrix": (reader, lambda at: f"/kernels/{newest}/matrix/data.json"),
        "two kernels compared": (reader, lambda at: f"/compare/7.2/{newest}/"),
        "mechanisms": (reader, lambda at: f"/kernels/{newest}/mechanisms/"),
        "findings": (reader, lambda at: f"/kernels/{newest}/findings/"),
        "what-if": (reader, lambda at: f"/kernels/{newest}/what-if/"),
        "home": (reader, lambda at: "/"),
        "uploads": (account, lambda at: "/uploads/"),
        "the callers of a kfunc": (
            account,
            lambda at: f"/kernels/{newest}/kfuncs/{CALLED_BY_MANY}/",
        ),
    }
    if one is not None:
        on_kernel = f"/kernels/{newest}/uploads/"
        pages |= {
            "an object": (account, lambda at: one.get_absolute_url()),
            "search of an account": (account, lambda at: f"/search/?q={names[at][:9]}"),
            "the uploads on a kernel": (account, lambda at: on_kernel),
            "two kernels and uploads": (account, lambda at: f"/compare/7.2/{newest}/"),
            "a space": (account, lambda at: "/spaces/grower/"),
            "objects by the API": (account, lambda at: "/api/objects/"),
            "objects by name, by the API": (account, lambda at: f"/api/objects/?name={at}ab"),
            "search that finds no object": (account, lambda at: f"/search/?q={at}zzq"),
            "the oldest objects of a space": (
                account,
                lambda at: "/spaces/grower/?cursor=newer-0",
            ),
            "the oldest objects, by the API": (
                account,
                lambda at: "/api/objects/?cursor=newer-0",
            ),
        }
        for name in (NONE, FEW, MANY):
            pages |= _pages_of_others(name, newest)
    measured = {"first kfunc after the start": _cpu_ms(reader, kfunc(_TIMES))}
    for name, (client, path) in pages.items():
        _cpu_ms(client, path(_TIMES + 1))
        measured[name] = statistics.median(_cpu_ms(client, path(at)) for at in range(_TIMES))
    for name in READERS if one is not None else ():
        dearest = max(cost for _, _, cost in measure_reader(name))
        measured[f"the dearest page of all addresses, for {name}"] = dearest
    measured["memory, MB"] = _resident_mb()
    measured["database, MB"] = _database_mb()
    return measured


def _pages_of_others(name: str, newest: str) -> dict[str, tuple[Client, Callable[[int], str]]]:
    """Return pages for somebody who sees none of the objects, a few of the oldest, or a fifth."""
    client, user = Client(), User.objects.get(username=name)
    client.force_login(user)
    space = Space.objects.personal(user)
    pages = {
        "home": "/",
        "uploads": "/uploads/",
        "the callers of a kfunc": f"/kernels/{newest}/kfuncs/{CALLED_BY_MANY}/",
        "search": "/search/?q={}ab",
        "the uploads on a kernel": f"/kernels/{newest}/uploads/",
        "two kernels and uploads": f"/compare/7.2/{newest}/",
        "the own space": space.get_absolute_url(),
        "objects by the API": "/api/objects/",
    }
    return {f"{page}, for who sees {name}": (client, path.format) for page, path in pages.items()}


def _some_kfuncs() -> list[str]:
    names = [item.name for item in load_row(Kernel.objects.get(name="7.3")).facts.kfuncs]
    return names[:: max(1, len(names) // (_TIMES + 3))]


def _cpu_ms(client: Client, path: str) -> float:
    """Return what a page costs; a server of the database works elsewhere, and is waited for."""
    now = time.process_time if connection.vendor == "sqlite" else time.perf_counter
    began = now()
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return 1000 * (now() - began)


def _database_mb() -> float:
    if connection.vendor == "sqlite":
        return Path(settings.DATABASES["default"]["NAME"]).stat().st_size / 1e6
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return float(cursor.fetchone()[0]) / 1e6


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main(what: str, count: str) -> None:
    """Fill and measure."""
    {"kernels": add_kernels, "objects": add_objects}[what](int(count))
    print(json.dumps(measure()))


if __name__ == "__main__":
    main(*sys.argv[1:])
