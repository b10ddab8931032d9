"""Who reads a grown map: from somebody who sees nothing of it to whoever sees all of it."""

from __future__ import annotations

from django.contrib.auth.models import User

from verifier.records.models import BpfObject, Submission, SubmittedFile
from verifier.spaces.models import Space

NONE, FEW, MANY, OWNER, ADMIN = "none", "few", "many", "grower", "admin"
READERS = ("visitor", NONE, FEW, MANY, OWNER, ADMIN)
CALLED_BY_MANY, CALLED_BY_FEW = "bpf_xdp_metadata_rx_hash", "bpf_rdonly_cast"
_A_FIFTH = 5
_OLDEST = 20
_BATCH = 2000


def is_of_many(at: int) -> bool:
    """Return whether an object, by its place, is of MANY too, and calls what others do not.

    So MANY sees a fifth, none of which calls what all others do.
    """
    return at % _A_FIFTH == 3


def add_readers() -> None:
    """Give every reader a space, and two of them some of the objects, under other names."""
    for name in (NONE, FEW, MANY, OWNER):
        Space.objects.personal(User.objects.get_or_create(username=name)[0])
    User.objects.get_or_create(username=ADMIN, is_superuser=True, is_staff=True)
    pks = list(BpfObject.objects.order_by("pk").values_list("pk", flat=True))
    _upload(FEW, pks[:_OLDEST], ".bpf.o")
    _upload(MANY, [pk for at, pk in enumerate(pks) if is_of_many(at)], ".o")


def _upload(name: str, pks: list[int], ending: str) -> None:
    user = User.objects.get(username=name)
    submission = user.submissions.first() or Submission.objects.create(user=user)
    known = set(submission.files.values_list("object", flat=True))
    new = [pk for pk in pks if pk not in known]
    for begin in range(0, len(new), _BATCH):
        some = BpfObject.objects.in_bulk(new[begin : begin + _BATCH])
        SubmittedFile.objects.bulk_create(
            SubmittedFile(
                submission=submission,
                space=submission.space,
                name=row.sha256[:8] + ending,
                object=row,
            )
            for row in some.values()
        )
