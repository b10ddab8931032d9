"""What the page that adds kernels, and the API, take: files or a path, and how to save."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from kfmap.adding.models import Addition, GivenPart
from kfmap.adding.queue import send_additions
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.models.kernel import validate_kernel_name

ADD = "kfmap_adding.add_addition"  # the permission; staff give it to people or groups
MOST_OPEN = 3  # additions of one person that wait or run
_PARTS = tuple(GivenPart.Kind.values)


class _KernelForm(forms.Form):
    """What every way to add a kernel takes."""

    config = forms.FileField(
        required=False,
        label="Configuration",
        help_text=".config, or /proc/config.gz",
    )
    types = forms.FileField(
        required=False,
        label="Image or types",
        help_text="vmlinux, vmlinuz, Image, /sys/kernel/btf/vmlinux, or a package with one",
    )
    name = forms.CharField(
        required=False,
        max_length=63,
        validators=[validate_kernel_name],
        help_text="Left empty, it comes from the version.",
    )

    def clean(self) -> dict[str, object]:
        """Refuse files that are too large before anything is kept."""
        found: dict[str, object] = super().clean() or {}
        most = settings.KFMAP_MAX_KERNEL_BYTES
        sentence = f"It is larger than {most >> 20} MB, the limit set by KFMAP_MAX_KERNEL_MB."
        for kind in _PARTS:
            given = found.get(kind)
            if isinstance(given, UploadedFile) and (given.size or 0) > most:
                self.add_error(kind, sentence)
        return found


class AddForm(_KernelForm):
    """A kernel by its source, or by the evidence of a probe."""

    field_order = ("tree", "path", "config", "types", "evidence", "name", "label")
    tree = forms.FileField(
        required=False,
        label="Source",
        help_text="an archive (.tar.xz, .gz, .zst, .zip) or a source package (.deb, .rpm)",
    )
    path = forms.CharField(
        required=False,
        max_length=500,
        label="or a path on the server",
    )
    evidence = forms.FileField(
        required=False,
        label="or only the evidence of a probe",
        help_text="the JSON that kfmap probe --output wrote",
    )
    label = forms.CharField(required=False, max_length=300, help_text="where it comes from")
    replace = forms.BooleanField(required=False, label="Replace the kernel of this name")
    anyway = forms.BooleanField(required=False, label="Accept it even if its parts do not match")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name the folders of the server; where there are none, ask for no path."""
        super().__init__(*args, **kwargs)
        path = self.fields["path"]
        if folders := settings.KFMAP_KERNEL_FOLDERS:
            path.help_text = f"a tree, repository, archive or package in {' or '.join(folders)}"
        else:
            path.widget = forms.HiddenInput()

    def clean(self) -> dict[str, object]:
        """Want one source: an archive, a path of the server, or evidence."""
        found = super().clean()
        sources = [kind for kind in ("tree", "path", "evidence") if found.get(kind)]
        if len(sources) != 1 and not self.errors:
            path = ", a path on the server" if settings.KFMAP_KERNEL_FOLDERS else ""
            self.add_error(None, f"Give one of these: an archive{path}, or evidence of a probe.")
        name = found.get("name")
        if name and not found.get("replace") and Kernel.objects.filter(name=name).exists():
            self.add_error(
                "name",
                f"The map has a kernel {name}: choose another name, or replace it.",
            )
        return found

    def clean_path(self) -> str:
        """Return the real path. Paths outside of KFMAP_KERNEL_FOLDERS do not exist."""
        given = str(self.cleaned_data["path"]).strip()
        if not given:
            return ""
        path = Path(given).resolve()
        folders = [Path(folder).resolve() for folder in settings.KFMAP_KERNEL_FOLDERS]
        if not any(path.is_relative_to(folder) for folder in folders) or not path.exists():
            raise forms.ValidationError(
                "There is no such path in the folders that KFMAP_KERNEL_FOLDERS names."
            )
        return str(path)


class MineForm(_KernelForm):
    """A kernel of which only the types are known, and perhaps the configuration."""

    field_order = ("types", "config", "name")

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Demand types."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # what Form takes is passed on
        self.fields["types"].required = True


MAY_NOT_ADD = (
    "Your account may not add kernels. An administrator of this kfmap can allow it: in the admin, "
    "by giving you or a group of yours the permission “Can add addition”."
)


def may_add(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Return whether somebody may add kernels."""
    return isinstance(user, User) and user.has_perm(ADD)


def too_many_open(user: User) -> bool:
    """Return whether somebody has as many open additions as one may have."""
    return Addition.objects.open().filter(user=user).count() >= MOST_OPEN


def start_addition(form: AddForm | MineForm, user: User) -> Addition:
    """Keep what was given, and have a worker read it."""
    data = form.cleaned_data
    with transaction.atomic():
        addition = Addition.objects.create(
            user=user,
            path=data.get("path", ""),
            name=data["name"],
            label=data.get("label", ""),
            replace=bool(data.get("replace")),
            anyway=bool(data.get("anyway")),
            estimate=isinstance(form, MineForm),
        )
        for kind in _PARTS:
            if given := data.get(kind):
                name = Path(given.name or kind).name[-255:]
                part = GivenPart(addition=addition, kind=kind, name=name, size=given.size)
                part.file.save(kind, given, save=True)
    transaction.on_commit(send_additions)
    return addition
