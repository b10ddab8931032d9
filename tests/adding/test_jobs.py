"""A kernel comes into the map from the browser: as a job, with steps, limits and an end."""

from __future__ import annotations

import gzip
import html
import io
import lzma
import os
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from kfmap.adding.models import Addition, GivenPart
from kfmap.adding.parts import forget_left_parts, remove_orphans
from kfmap.adding.run import run_addition
from kfmap.catalogue.bundled_kernels import BUNDLED
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import load_kernel
from tests.adding.additions import add, archive
from tests.adding.test_given_together import CONFIG, vmlinux
from tests.archives.packages import make_tar
from tests.kernel.small_kernel import INCLUDES, SET_C, id_set, write_tree

OBJECT = Path(__file__).parents[1] / "objects" / "bare.bpf.o"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sent")]


def test_an_archive_becomes_a_kernel(adder: Client, tmp_path: Path, sent: list[int]) -> None:
    config = SimpleUploadedFile("config", CONFIG.encode())
    package = make_tar({"boot/vmlinux-9.1.2": vmlinux("one", "two")}, "x")
    image = SimpleUploadedFile("image.tar.gz", gzip.compress(package))
    addition = add(adder, tree=archive(tmp_path), config=config, types=image, label="mine")
    assert sent == [addition.pk]
    assert "waiting for a worker" in adder.get(addition.get_absolute_url()).content.decode()
    run_addition(addition.pk)
    addition.refresh_from_db()
    assert (addition.state, addition.problem) == ("done", "")
    kernel = load_kernel("9.1")
    assert [kfunc.name for kfunc in kernel.facts.kfuncs] == ["one", "two"]
    assert kernel.types is not None
    assert kernel.facts.origin.profile == "as configured"
    page = adder.get(addition.get_absolute_url()).content.decode()
    assert "/kernels/9.1/" in page
    progress = adder.get(f"{addition.get_absolute_url()}progress/")
    assert progress.headers["HX-Refresh"] == "true", "the page has more to say now"
    assert not any(part.file for part in GivenPart.objects.all()), "the bytes are kept"


def test_what_does_not_fit_fails_with_the_reason_and_is_taken_anyway(
    adder: Client, tmp_path: Path
) -> None:
    given = {"config": SimpleUploadedFile("config", CONFIG.encode())}
    image = vmlinux("one")
    addition = add(
        adder, tree=archive(tmp_path), types=SimpleUploadedFile("vmlinux", image), **given
    )
    run_addition(addition.pk)
    addition.refresh_from_db()
    assert addition.state == "failed"
    assert "those of another build: 1 of 2 kfuncs" in addition.problem
    assert addition.problem.endswith("It can be accepted anyway: its page then says so.")
    assert addition.problem in adder.get(addition.get_absolute_url()).content.decode()
    addition.delete()
    again = add(
        adder,
        tree=archive(tmp_path),
        types=SimpleUploadedFile("vmlinux", image),
        config=SimpleUploadedFile("config", CONFIG.encode()),
        anyway="on",
    )
    run_addition(again.pk)
    assert "do not match" in adder.get("/kernels/9.1/").content.decode()


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        (
            "config",
            "my.config",
            "my.config is not a .config: it has no line that begins with CONFIG_.",
        ),
        ("tree", "a b/../linux.tar", "linux.tar cannot be read: it is not an archive or package"),
        ("tree", "../../..", "tree cannot be read: it is not an archive or package"),
        ("evidence", "asked.json", "asked.json cannot be read: it is not JSON, or it was cut off"),
    ],
)
def test_what_cannot_be_read_is_told_under_its_own_name(
    adder: Client, tmp_path: Path, kind: str, name: str, said: str
) -> None:
    given = {} if kind == "evidence" else {"tree": archive(tmp_path)}
    given[kind] = SimpleUploadedFile("x", b"not one of a kernel\n" * 40)
    addition = add(adder, **given)
    GivenPart.objects.filter(kind=kind).update(name=name)
    run_addition(addition.pk)
    addition.refresh_from_db()
    assert addition.problem.startswith(said)


def test_a_problem_names_no_option_of_the_commands(adder: Client, tmp_path: Path) -> None:
    swapped = SimpleUploadedFile("my.config", CONFIG.encode())
    addition = add(adder, tree=archive(tmp_path), types=swapped)
    run_addition(addition.pk)
    addition.refresh_from_db()
    assert addition.problem == "my.config is a .config. Give it as the configuration."


def test_only_those_who_may_add_kernels(client: Client) -> None:
    assert client.get("/kernels/add/").status_code == 302
    client.force_login(User.objects.create_user("reader", password="correct horse"))
    refused = client.get("/kernels/add/")
    assert refused.status_code == 403
    assert "An administrator of this kfmap can allow it" in refused.content.decode()
    assert client.get("/kernels/mine/").status_code == 200


def test_a_path_of_the_server_only_in_the_folders_that_are_named(
    adder: Client, tmp_path: Path, settings: Settings
) -> None:
    tree = write_tree(tmp_path / "trees" / "linux", {SET_C: INCLUDES + id_set("one")})
    (tmp_path / "trees" / "out").symlink_to("/etc")
    refused = adder.post("/kernels/add/", {"path": str(tree)})
    assert refused.status_code == 422
    settings.KFMAP_KERNEL_FOLDERS = [str(tmp_path / "trees")]
    for path in ("/etc", str(tmp_path / "trees" / ".." / "kept"), str(tmp_path / "trees/out")):
        assert adder.post("/kernels/add/", {"path": path}).status_code == 422
    addition = add(adder, path=str(tree))
    run_addition(addition.pk)
    assert Kernel.objects.get().kfunc_count == 1


def test_a_path_is_asked_for_only_where_folders_are_named(
    adder: Client, settings: Settings
) -> None:
    assert "a path on the server" not in adder.post("/kernels/add/", {}).content.decode()
    settings.KFMAP_KERNEL_FOLDERS = ["/srv/linux", "/srv/packages"]
    page = adder.post("/kernels/add/", {"path": "/etc"}).content.decode()
    assert "or package in /srv/linux or /srv/packages" in page
    assert 'aria-describedby="id_path_helptext id_path_error"' in page
    assert 'id="id_path_error"' in page


def test_what_failed_is_listed_under_the_name_of_what_was_given(
    adder: Client, tmp_path: Path
) -> None:
    addition = add(adder, tree=SimpleUploadedFile("photo.jpg", b"no tree" * 80))
    run_addition(addition.pk)
    assert ">photo.jpg</a>" in adder.get("/kernels/add/").content.decode()
    assert "photo.jpg" not in adder.get("/kernels/mine/").content.decode(), "it is of another form"


def test_nothing_and_too_much_are_refused(
    adder: Client, tmp_path: Path, settings: Settings
) -> None:
    assert "Give one of these" in adder.post("/kernels/add/", {}).content.decode()
    settings.KFMAP_MAX_KERNEL_BYTES = 100
    page = adder.post("/kernels/add/", {"tree": archive(tmp_path)}).content.decode()
    assert "the limit set by KFMAP_MAX_KERNEL_MB" in page
    assert not Addition.objects.exists()


def test_a_job_can_be_cancelled_and_is_not_run_then(adder: Client, tmp_path: Path) -> None:
    addition = add(adder, tree=archive(tmp_path))
    adder.post(f"/kernels/add/{addition.pk}/cancel/")
    run_addition(addition.pk)
    assert Addition.objects.get().state == "cancelled"
    assert not Kernel.objects.exists()
    assert storages["kernels"].listdir("") == ([], [])


def test_jobs_are_seen_and_ended_in_the_admin(
    adder: Client, admin_client: Client, tmp_path: Path
) -> None:
    addition = add(adder, tree=archive(tmp_path))
    address = "/admin/kfmap_adding/addition/"
    assert "adder" in admin_client.get(address).content.decode()
    page = admin_client.get(f"{address}{addition.pk}/change/").content.decode()
    assert addition.given in page
    assert 'name="_save"' not in page
    form = {"action": "cancel", "_selected_action": [addition.pk]}
    answer = admin_client.post(address, form, follow=True).content.decode()
    assert "1 job is cancelled." in answer
    assert Addition.objects.get().state == "cancelled"
    assert storages["kernels"].listdir("") == ([], [])
    assert "0 jobs are cancelled." in admin_client.post(address, form, follow=True).content.decode()


def test_a_job_that_is_cancelled_while_it_is_saved_leaves_no_kernel(
    adder: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addition = add(adder, tree=archive(tmp_path))
    beat = Addition.beat

    def beat_and_cancel(job: Addition, step: str, done: int) -> bool:
        goes_on = beat(job, step, done)
        if step == "saving":
            adder.post(f"/kernels/add/{addition.pk}/cancel/")
        return goes_on

    monkeypatch.setattr(Addition, "beat", beat_and_cancel)
    run_addition(addition.pk)
    assert Addition.objects.get().state == "cancelled"
    assert not Kernel.objects.exists()


def test_progress_never_goes_back_and_is_sent_only_where_it_changed(
    adder: Client, tmp_path: Path
) -> None:
    addition = add(adder, tree=archive(tmp_path))
    progress = f"{addition.get_absolute_url()}progress/"
    started = Addition.objects.claim(addition.pk)
    assert started
    assert started.beat("reading the source", 3)
    started.release()
    again = Addition.objects.claim(addition.pk)
    assert again
    assert again.beat("taking what was given", 0)
    shown = adder.get(progress).content.decode()
    assert 'value="42"' in shown, "a second attempt begins anew"
    address = html.unescape(shown.split('hx-get="')[1].split('"')[0])
    assert adder.get(address).status_code == 204, "a screen reader would say it again"
    again.beat("unpacking the source", 2)
    assert "unpacking the source" in adder.get(address).content.decode()


def test_bytes_that_a_killed_worker_or_upload_left_are_removed(
    adder: Client, tmp_path: Path
) -> None:
    addition = add(adder, tree=archive(tmp_path))
    folder = tmp_path / "kernels"
    young, old = folder / "draft-young", folder / "draft-old"
    for path in (young, old):
        path.write_bytes(b"half of a tree")
    os.utime(old, (0, 0))
    remove_orphans()
    forget_left_parts()
    assert {path.name for path in folder.iterdir()} == {str(addition.pk), "draft-young"}
    addition.finish(Addition.State.DONE)
    forget_left_parts()
    assert [path.name for path in folder.iterdir()] == ["draft-young"]


def test_a_name_that_is_taken_is_refused_at_once(adder: Client, tmp_path: Path) -> None:
    run_addition(add(adder, tree=archive(tmp_path), name="mine").pk)
    sentence = "The map has a kernel mine: choose another name, or replace it."
    response = adder.post("/kernels/add/", {"tree": archive(tmp_path), "name": "mine"})
    assert response.status_code == 422
    assert sentence in response.content.decode()
    told = adder.post("/api/kernels/add/", {"tree": archive(tmp_path), "name": "mine"})
    assert told.status_code == 400
    assert sentence in told.content.decode()
    assert Addition.objects.count() == 1


def test_a_kernel_that_is_replaced_is_not_the_nearest(adder: Client, tmp_path: Path) -> None:
    for kfuncs in ("one two", "one two three"):
        addition = add(adder, tree=archive(tmp_path, kfuncs), name="mine", replace="on")
        run_addition(addition.pk)
        addition.refresh_from_db()
        assert (addition.state, addition.nearest) == ("done", "")
        addition.delete()


def test_a_job_past_its_time_is_ended(adder: Client, tmp_path: Path, settings: Settings) -> None:
    settings.KFMAP_KERNEL_SECONDS = 0
    addition = add(adder, tree=archive(tmp_path))
    run_addition(addition.pk)
    assert "KFMAP_KERNEL_SECONDS" in Addition.objects.get().problem


def test_a_job_that_is_run_twice_gives_one_kernel(adder: Client, tmp_path: Path) -> None:
    addition = add(adder, tree=archive(tmp_path))
    run_addition(addition.pk)
    run_addition(addition.pk)
    assert Kernel.objects.count() == 1


def test_what_is_no_kernel_is_named(adder: Client) -> None:
    text = SimpleUploadedFile("linux.tar.xz", io.BytesIO(b"hello\n" * 200).read())
    addition = add(adder, tree=text)
    run_addition(addition.pk)
    problem = Addition.objects.get().problem
    assert "not an archive or package" in problem
    assert problem.endswith("an image, BTF or a configuration is given beside it.")


def test_the_api_takes_the_same(adder: Client, tmp_path: Path) -> None:
    started = adder.post("/api/kernels/add/", {"tree": archive(tmp_path), "name": "ours"})
    assert started.status_code == 202, started.content
    url = started.json()["url"]
    assert adder.get(url).json()["state"] == "queued"
    run_addition(started.json()["id"])
    found = adder.get(url).json()
    assert (found["state"], found["kernel"], found["problem"]) == ("done", "ours", "")
    assert adder.post("/api/kernels/add/", {}).status_code == 400
    reader = Client()
    assert reader.get(url).status_code in (401, 403)
    reader.force_login(User.objects.create_user("reader", password="correct horse"))
    assert reader.get(url).status_code == 404
    refused = reader.post("/api/kernels/add/", {"tree": archive(tmp_path)})
    assert refused.status_code == 403
    assert refused.json()["detail"].startswith("Your account may not add kernels. An administrator")
    image = SimpleUploadedFile("vmlinux", vmlinux("one"))
    mine = reader.post("/api/kernels/mine/", {"types": image})
    assert mine.status_code == 202
    assert reader.delete(mine.json()["url"]).json()["state"] == "cancelled"


def test_evidence_alone_becomes_a_kernel_without_rules(adder: Client, tmp_path: Path) -> None:
    evidence = lzma.decompress((BUNDLED / "6.1.evidence.xz").read_bytes())
    alone = add(adder, evidence=SimpleUploadedFile("evidence.json", evidence))
    run_addition(alone.pk)
    alone.refresh_from_db()
    assert "no kernel with rules" in alone.problem
    alone.delete()
    first = add(adder, tree=archive(tmp_path))
    run_addition(first.pk)
    first.delete()
    Kernel.objects.filter(name="9.1").update(profile="as configured")
    given = {"evidence": SimpleUploadedFile("evidence.json", evidence), "name": "asked-6.1"}
    addition = add(adder, **given)
    run_addition(addition.pk)
    addition.refresh_from_db()
    assert (addition.state, addition.problem) == ("done", "")
    assert Kernel.objects.get(name="asked-6.1").has_rules is False
    assert "was understood" not in adder.get(addition.get_absolute_url()).content.decode()
    page = adder.get("/kernels/asked-6.1/").content.decode()
    permitted = re.search(r"Cells permitted</dt><dd>([\d,]+);", page)
    assert permitted and int(permitted[1].replace(",", "")) > 1000
    assert "Cells allowed" not in page
