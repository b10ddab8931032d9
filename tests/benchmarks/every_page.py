"""What every page costs each kind of reader of a grown map, in CPU of all processes.

`python -m tests.benchmarks.every_page` measures the map in KFMAP_DATA_DIR or DATABASE_URL, which
`grown_map` filled, and prints the pages above 35 ms and the dearest one of each reader.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django is set up first
from django.contrib import admin  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from kfmap.catalogue.store import load_row  # noqa: E402
from kfmap.permission.what_if.edits import ChangeKfuncBits, Edit, UseCapabilities  # noqa: E402
from kfmap.web.shared.kept_pages import KEPT_PAGES  # noqa: E402
from kfmap.web.shared.kernel_map import load_kernel_map  # noqa: E402
from kfmap.web.what_if.edits_in_address import draft_url  # noqa: E402
from tests.benchmarks.grown_readers import (  # noqa: E402
    CALLED_BY_FEW,
    CALLED_BY_MANY,
    READERS,
)
from tests.web.addresses import list_addresses  # noqa: E402
from verifier.records.models import BpfObject, Submission  # noqa: E402
from verifier.spaces.models import Space  # noqa: E402

_TELL_MS = 35
_TIMES = 2
_ADMIN = """
    verifier/job/?state__exact=failed verifier/job/?state__exact=done verifier/job/?p=900
    verifier/job/?o=-3 verifier/bpfobject/?o=1 verifier/bpfobject/?p=900
"""


def addresses_of(user: User | None) -> dict[str, str]:
    """Return the addresses that somebody may open, by name; `{x}` differs each time."""
    pages = list_addresses(user) | {"what-if, a draft that is new": _draft_of_its_own()}
    if user is None:
        return pages
    pages |= {
        "search that many names have": "/search/?q={x}",
        "search that few names have": "/search/?q={x}zzq",
        "search for one letter": "/search/?q=~",
        "search for others' names": "/search/?q=.bpf",
        "inbox": "/inbox/",
        "tokens": "/accounts/tokens/",
        "API: objects": "/api/objects/",
        "API: the last objects": "/api/objects/?cursor=newer-0",
        "API: the last objects by name": "/api/objects/?name=.o&cursor=newer-0",
        "API: 200 objects": "/api/objects/?page_size=200",
        "API: numbered": "/api/objects/?page={p}",
        "API: by name": "/api/objects/?name={x}",
        "API: submissions": "/api/submissions/",
        "API: spaces": "/api/spaces/",
        "API: inbox": "/api/inbox/",
        "API: rechecks": "/api/rechecks/",
        "API: tokens": "/api/tokens/",
    }
    for kfunc in (CALLED_BY_MANY, CALLED_BY_FEW):
        pages[f"kfunc {kfunc}"] = f"/kernels/7.3/kfuncs/{kfunc}/"
        pages[f"API: callers of {kfunc}"] = f"/api/objects/?kfunc={kfunc}"
        pages[f"API: callers of {kfunc} by name"] = f"/api/objects/?kfunc={kfunc}&name={{x}}z"
        pages[f"API: last callers of {kfunc}"] = f"/api/objects/?kfunc={kfunc}&cursor=newer-0"
    for obj in BpfObject.objects.visible_to(user).order_by("-pk")[:1]:
        own = obj.get_absolute_url()
        pages |= {"API: object": f"/api{own}", "API: report": f"/api{own}report/?format=sarif"}
        pages |= {"versions": f"{own}versions/", "API: versions": f"/api{own}versions/"}
        pages |= {"API: reviews": f"/api{own}reviews/", "progress": f"{own}progress/"}
        pages |= {"badge": f"{own}badge/7.3.svg", "feed": f"/feeds/objects/{obj.address}/"}
    for space in Space.objects.visible_to(user).order_by("pk")[:1]:
        own = space.get_absolute_url()
        pages |= {"space, last": f"{own}?page=last", "space, numbered": f"{own}?page={{p}}"}
        pages |= {"policies": f"{own}policies/", "new policy": f"{own}policies/new/"}
        pages |= {"API: space": f"/api{own}", "API: waivers": f"/api{own}waivers/"}
        pages |= {"API: in a space": f"/api{own}policies/", "API: trail": f"/api{own}audit/"}
    for upload in Submission.objects.visible_to(user).order_by("pk")[:1]:
        pages["API: upload"] = f"/api/submissions/{upload.pk}/"
    if user.is_superuser:
        pages |= {f"admin: {part}": f"/admin/{part}" for part in [*_ADMIN.split(), *_lists()]}
    return pages


def _lists() -> Iterator[str]:
    """Yield the address of each list of the admin, and of searches that find much and nothing."""
    for model, page in admin.site._registry.items():
        place = f"{model._meta.app_label}/{model._meta.model_name}/"
        yield place
        yield from (f"{place}?q={{x}}", f"{place}?q={{x}}zzq") if page.search_fields else ()


def _draft_of_its_own() -> str:
    """Return the address of drafts that differ by their last edit."""
    kernel = load_row(load_kernel_map().released[-1])
    kfunc = next(item.name for item in kernel.facts.kfuncs if item.name.startswith("scx_"))
    edits: list[Edit] = [
        UseCapabilities("sched_ext_ops", "any"),
        ChangeKfuncBits(kfunc, ("KF_CAP_{x}",)),
    ]
    return draft_url(kernel.name, edits).replace(quote("{x}"), "{x}")


def measure_reader(name: str) -> Iterator[tuple[str, str, float]]:
    """Yield the name, the address and the ms of each page of somebody."""
    user = User.objects.filter(username=name).first()
    client = Client()
    if user is not None:
        client.force_login(user)
    seen = BpfObject.objects.visible_to(user).count() if user else 0
    for page, address in addresses_of(user).items():
        path = address.replace("{p}", str(max(1, seen // 50 - 1)))
        status = client.get(path.replace("{x}", "0")).status_code
        if status in (200, 302):
            costs = (_cpu_ms(client, path.replace("{x}", f"{at:x}")) for at in range(_TIMES))
            yield page, path, min(costs)
        elif page != "not-found":
            print(f"{name}: {page} {path} answers {status}", file=sys.stderr)


def _cpu_ms(client: Client, path: str) -> float:
    began = time.process_time() * 1000 + _server_ms()
    client.get(path)
    return time.process_time() * 1000 + _server_ms() - began


def _server_ms() -> float:
    """Return the CPU of the database's process that serves this one, which must be on this host."""
    if connection.vendor == "sqlite":
        return 0.0
    pid = connection.connection.info.backend_pid if connection.connection else 0
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6 if pid else 0.0


def main() -> None:
    """Measure each reader."""
    KEPT_PAGES.max_bytes = 0
    settings.ALLOWED_HOSTS.append("testserver")
    for name in READERS:
        costs = []
        for page, path, cost in measure_reader(name):
            costs.append((cost, page))
            if cost > _TELL_MS:
                print(f"{name:8} {cost:7.1f} ms  {page}  {path[:90]}", flush=True)
        most, page = max(costs)
        print(f"{name:8} {most:7.1f} ms  is the most of {len(costs)} pages: {page}", flush=True)


if __name__ == "__main__":
    main()
