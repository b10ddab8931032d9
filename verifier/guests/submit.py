"""Ask kernels for their opinion of an object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from verifier.guests.models import Opinion
from verifier.guests.queue import wake
from verifier.opinions.images import FetchedImage, find_images, find_missing
from verifier.records.models import BpfObject


class CannotAskError(ValueError):
    """The kernels cannot be asked: says why and what to do."""


def images() -> Mapping[str, FetchedImage]:
    """Return the kernels that can be booted here, by name."""
    return find_images(settings.KFMAP_DATA_DIR)


def missing() -> str:
    """Return what has to be installed before a kernel can be asked, "" for nothing."""
    return find_missing(settings.KFMAP_DATA_DIR)


def ask(obj: BpfObject, kernels: Iterable[str], user: User | None) -> list[Opinion]:
    """Queue a question to each kernel, one that is open already is not asked twice.

    Raises CannotAskError where there is no QEMU or no such image, and for an object not read yet.
    """
    if why_not := missing():
        raise CannotAskError(why_not)
    if obj.problem or not obj.read_at:
        raise CannotAskError("The object was not read yet, or could not be read.")
    known, wanted = images(), list(dict.fromkeys(kernels))
    if unknown := [name for name in wanted if name not in known]:
        raise CannotAskError(
            f"There is no image of {', '.join(unknown)} here; there are {', '.join(known)}."
        )
    if not wanted:
        raise CannotAskError("Choose a kernel to ask.")
    asked = [_open(obj, name, user) for name in wanted]
    transaction.on_commit(wake)
    return asked


def _open(obj: BpfObject, kernel: str, user: User | None) -> Opinion:
    try:
        with transaction.atomic():
            return Opinion.objects.create(
                object=obj,
                kernel=kernel,
                loader=obj.loader,
                loader_key=obj.loader_key,
                asked_by=user,
                total=obj.programs.count(),
            )
    except IntegrityError:  # somebody has asked already
        return Opinion.objects.open().get(object=obj, kernel=kernel)
