"""What readers who signed in see beside the map: uploads, for few queries, and never stale."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from kfmap.permission.engine import ENGINE_VERSION
from tests.verifier.checked import create_summary
from tests.verifier.shared import share
from tests.web.uploads import create_upload
from verifier.records import store
from verifier.records.models import BpfObject, Call, Job
from verifier.spaces.models import Space
from verifier.spaces.roles import Visibility

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys")]

# Session, reader, kernels, the uploads and spaces that there are: then what the page itself asks of
# the uploads.
EVERY_PAGE = 4
PAGES = {
    "/": 2,
    "/can-call/?kernel=8.1&context=xdp&kfunc=toy_now": 4,
    "/kernels/": 0,
    "/kernels/8.1/": 0,
    "/kernels/8.1/matrix/": 0,
    "/kernels/8.1/kfuncs/": 0,
    "/kernels/8.1/kfuncs/toy_now/": 3,  # what it says of all kernels is kept
    "/kernels/8.1/contexts/xdp/": 2,
    "/kernels/8.1/struct-ops/toy_ops/": 2,
    "/kernels/8.1/struct-ops/toy_ops/enqueue/": 3,
    "/kernels/8.1/sets/toy_any/": 1,
    "/kernels/8.1/filters/toy_filter/": 1,
    "/kernels/8.1/hooks/BTF_KFUNC_HOOK_STRUCT_OPS/": 0,
    "/kernels/8.1/graphs/callbacks/toy_ops/": 0,
    "/compare/8.0/8.1/": 2,
    "/search/?q=toy": 7,
}


@pytest.fixture
def upload() -> BpfObject:
    """Put a checked object beside the map."""
    return create_upload()


@pytest.fixture
def reader(client: Client, upload: BpfObject) -> Client:
    """Sign a reader in."""
    sign_in(client)
    return client


def create_later_caller() -> BpfObject:
    """Make an object that was read after the upload, and calls what it calls."""
    summary = create_summary("toy_init")
    obj = BpfObject.objects.create(sha256="cd" * 32, file_name="later.bpf.o", size=summary.size)
    store.save_summary(obj, summary)
    return share(obj)


def sign_in(client: Client) -> None:
    """Sign in as a person does, with the form."""
    if not User.objects.filter(username="ada").exists():
        User.objects.create_user("ada", password="correct horse")
    form = {"username": "ada", "password": "correct horse"}
    assert client.post("/accounts/login/", form).status_code == 302


def ask_again(client: Client, path: str, etag: str) -> int:
    """Return the status of a page of which the reader has a copy."""
    return client.get(path, headers={"If-None-Match": etag}).status_code


@pytest.mark.parametrize(("path", "count"), PAGES.items())
def test_page_costs_few_queries(
    reader: Client, django_assert_num_queries: DjangoAssertNumQueries, path: str, count: int
) -> None:
    reader.get(path)
    with django_assert_num_queries(EVERY_PAGE + count):
        assert reader.get(path).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_unchanged_page_costs_a_304(reader: Client, path: str) -> None:
    answer = reader.get(path)
    assert "Last-Modified" not in answer  # it has more than the map, which has no such second
    assert ask_again(reader, path, answer["ETag"]) == 304


def test_page_comes_anew_with_every_step_of_a_job(reader: Client, upload: BpfObject) -> None:
    etag = reader.get("/")["ETag"]
    job = Job.objects.create(object=upload)
    assert ask_again(reader, "/", etag) == 200
    etag = reader.get("/")["ETag"]
    claimed = Job.objects.claim(job.pk)
    assert ask_again(reader, "/", etag) == 200
    etag = reader.get("/")["ETag"]
    assert claimed is not None
    claimed.finish(Job.State.DONE)
    assert ask_again(reader, "/", etag) == 200


def test_page_comes_anew_when_an_upload_is_gone(reader: Client, upload: BpfObject) -> None:
    create_later_caller()
    etag = reader.get("/")["ETag"]
    upload.delete()
    assert ask_again(reader, "/", etag) == 200


def test_page_comes_anew_when_a_space_opens(reader: Client) -> None:
    space = Space.objects.create(slug="closed", name="closed", visibility=Visibility.PRIVATE)
    etag = reader.get("/")["ETag"]
    space.visibility = Visibility.ACCOUNTS
    space.save()
    assert ask_again(reader, "/", etag) == 200


def test_page_comes_anew_when_as_many_spaces_open_as_close(reader: Client) -> None:
    made = [Space.objects.create(slug=f"space-{at}", name=f"{at}") for at in range(5)]

    def open_alone(*places: int) -> None:  # of both sets, number, sum and greatest are the same
        Space.objects.filter(slug__startswith="space-").update(visibility=Visibility.PRIVATE)
        some = [made[place].pk for place in places]
        Space.objects.filter(pk__in=some).update(visibility=Visibility.ACCOUNTS)

    open_alone(0, 3, 4)
    etag = reader.get("/")["ETag"]
    open_alone(1, 2, 4)
    assert ask_again(reader, "/", etag) == 200


def test_kfunc_names_its_callers_the_latest_first(reader: Client, upload: BpfObject) -> None:
    later = create_later_caller()
    Call.objects.filter(program__object=later).update(object=None)  # as earlier workers kept it
    path = "/kernels/8.1/kfuncs/toy_move/"
    assert later.file_name not in reader.get(path).content.decode()
    store.put_calls_in_objects()
    page = reader.get(f"{path}?again").content.decode()
    assert page.index(later.get_absolute_url()) < page.index(upload.get_absolute_url())


def test_page_comes_anew_to_who_signed_in_again(reader: Client) -> None:
    etag = reader.get("/kernels/")["ETag"]
    reader.post("/accounts/logout/")
    assert ask_again(reader, "/kernels/", etag) == 200
    sign_in(reader)
    assert ask_again(reader, "/kernels/", etag) == 200


def test_page_says_nothing_of_uploads_to_who_did_not_sign_in(
    client: Client, upload: BpfObject
) -> None:
    for path in ("/", "/search/?q=toy", "/compare/8.0/8.1/", "/kernels/8.1/kfuncs/toy_now/"):
        assert upload.file_name not in client.get(path).content.decode()


def test_comparison_names_the_uploads_that_fare_otherwise(
    reader: Client, upload: BpfObject
) -> None:
    page = reader.get("/compare/8.0/8.1/").content.decode()
    affected = page[page.index("Uploads affected") :]
    assert f'href="{upload.get_absolute_url()}"' in affected
    assert "toy_running" in affected
    assert "toy_dispatch" not in affected
    assert affected.index("verdict-passes") < affected.index("verdict-refused")


def test_comparison_takes_no_verdicts_of_older_engines(reader: Client, upload: BpfObject) -> None:
    upload.checks.update(engine_version=ENGINE_VERSION - 1)
    page = reader.get("/compare/8.0/8.1/").content.decode()
    assert upload.file_name not in page[page.index("Uploads affected") :]
