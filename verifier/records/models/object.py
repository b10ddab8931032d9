"""Objects by the hash of their bytes, their programs, and the kfunc calls in reach of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.db.models.functions import Coalesce
from django.urls import reverse

from verifier.spaces.access import Reader, sees_everything
from verifier.spaces.models import Space
from verifier.spaces.roles import Action

if TYPE_CHECKING:
    from verifier.records.models.job import Job
    from verifier.records.models.submission import SubmittedFile


KEY_LETTERS = 12  # of a loader's key, in addresses


ADDRESS = f"[0-9a-f]{{64}}(?:-[0-9a-f]{{{KEY_LETTERS}}})?"  # as `BpfObject.address` writes it


class BpfObjectQuerySet(models.QuerySet["BpfObject"]):
    """Questions about many objects. Whoever has one in a space of theirs may see it there."""

    def visible_to(self, user: Reader) -> Self:
        """Return the objects that somebody may see, under the names they have there."""
        if sees_everything(user):
            return self.all()
        seen = self._files().filter(submission__space__in=_spaces(user, Action.SEE))
        name = seen.order_by("-pk").values("name")[:1]
        return self.where(user, Action.SEE).annotate(
            name_here=Coalesce(models.Subquery(name), models.F("file_name"))
        )

    def where(self, user: Reader, action: Action) -> Self:
        """Return the objects of spaces where somebody may do something."""
        if sees_everything(user):
            return self.all()
        there = self._files().filter(submission__space__in=_spaces(user, action))
        return self.filter(models.Exists(there))

    def named(self, name: str, *, partly: bool = False) -> Self:
        """Return those of this name, or with this in their name, as the reader sees them.

        It is asked of what `visible_to` or `in_space` gave, so that a hidden name finds nothing.
        """
        field = "name_here" if "name_here" in self.query.annotations else "file_name"
        return self.filter(**{f"{field}__icontains" if partly else field: name})

    def at(self, address: str) -> Self:
        """Return the one object of an address, asked of what somebody may see.

        Of several loaders that spaces say the same bytes have, the address names one; a SHA-256
        alone means the object without any, or else the newest.
        """
        digest, _, key = address.partition("-")
        found = self.filter(sha256=digest)
        if key:
            found = found.filter(loader_key__startswith=key)
        none_first = models.Case(models.When(loader_key="", then=0), default=1)
        return found.order_by(none_first, "-pk")[:1]

    def beside(self, obj: BpfObject) -> Self:
        """Return the same bytes with what other spaces say of their loader."""
        return self.filter(sha256=obj.sha256).exclude(pk=obj.pk)

    def in_space(self, space: Space) -> Self:
        """Return the objects that were uploaded into a space, under their names there."""
        there = self._files().filter(submission__space=space).order_by("-pk")
        return self.filter(models.Exists(there)).annotate(
            name_here=models.Subquery(there.values("name")[:1])
        )

    def _files(self) -> models.QuerySet[SubmittedFile]:
        files = apps.get_model("verifier", "SubmittedFile")._default_manager
        return files.filter(object=models.OuterRef("pk"))


def _spaces(user: Reader, action: Action) -> models.QuerySet[Space, Any]:
    return Space.objects.where(user, action).values("pk")


class BpfObject(models.Model):
    """An ELF file and what its loader does; the bytes are in `verifier.jobs.files`.

    `read_at` is empty until it was read; `problem` says why it cannot be checked. `loader` holds
    what its loader does, as the spaces that have this row say; `loader_key` is "" for nothing.
    """

    sha256 = models.CharField(max_length=64, db_index=True)
    file_name = models.CharField(max_length=255, help_text="as first uploaded")
    size = models.PositiveBigIntegerField()
    license = models.CharField(max_length=200, blank=True)
    notes = models.JSONField(default=list, blank=True)
    problem = models.TextField(blank=True)
    loader = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),  # releases before this one know none
        blank=True,
        help_text="as options of verify, by option",
    )
    loader_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    read_at = models.DateTimeField(null=True)
    checked_by = models.PositiveIntegerField(
        default=0,
        db_default=0,
        db_index=True,
        help_text="the version of the engine whose verdicts it has, 0 for none",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BpfObjectQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "object"
        # A page lists the latest: without it the database looks at every object for fifty of them.
        indexes = [models.Index(fields=["-created_at"], name="latest_objects")]
        constraints = [
            models.UniqueConstraint(
                fields=["sha256", "loader_key"], name="one_object_for_bytes_and_loader"
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        """Return the address of the object's page."""
        return reverse("object", args=[self.address])

    @property
    def address(self) -> str:
        """Return what names it in addresses: its SHA-256, and which loader, where it has one."""
        key = self.loader_key[:KEY_LETTERS]
        return f"{self.sha256}-{key}" if key else self.sha256

    @property
    def name_here(self) -> str:
        """Return the name it has where the reader sees it."""
        return self.file_name

    @name_here.setter
    def name_here(self, name: str) -> None:
        """Take the name that a query found: others may have uploaded the bytes under another."""
        self.file_name = name

    @property
    def latest_job(self) -> Job | None:
        """Return the latest job; with `prefetch_related("jobs")` it costs no query."""
        return next(iter(self.jobs.all()), None)


class Program(models.Model):
    """An entry function. `struct_ops` lists {"type", "member", "map"}."""

    object = models.ForeignKey(BpfObject, on_delete=models.CASCADE, related_name="programs")
    position = models.PositiveIntegerField()
    name = models.TextField()
    section = models.TextField()
    program_type = models.CharField(max_length=100)
    attach_type = models.CharField(max_length=100, blank=True)
    target = models.TextField(blank=True)
    struct_ops = models.JSONField(default=list, blank=True)
    sleepable = models.BooleanField(default=False)
    optional = models.BooleanField(default=False)
    instructions = models.PositiveIntegerField(null=True)
    code = models.CharField(max_length=16, blank=True, default="", db_default="")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["object", "position"], name="one_program_a_position")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def context(self) -> str:
        """Return in short where the program runs."""
        uses = [f"{use['type']}.{use['member']}" for use in self.struct_ops]
        return ", ".join(uses) or self.section


class Call(models.Model):
    """A kfunc call that a program can reach, by its shortest path. `path` lists steps.

    `object` is the program's, so that the latest objects that call a kfunc stand side by side in an
    index. A worker of a release before this one leaves it empty, until
    `store.put_calls_in_objects` comes by.
    """

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="calls")
    object = models.ForeignKey(
        BpfObject,
        on_delete=models.DO_NOTHING,  # its programs take their calls along
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    kfunc = models.CharField(max_length=255)
    weak = models.BooleanField()
    instruction = models.PositiveIntegerField()
    path = models.JSONField()
    file = models.CharField(max_length=500, blank=True)
    line = models.PositiveIntegerField(default=0)
    text = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["program", "kfunc", "instruction"]
        indexes = [
            models.Index(fields=["kfunc", "-object"], name="latest_callers"),
            models.Index(
                fields=["program"], condition=models.Q(object=None), name="calls_of_no_object"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.program} calls {self.kfunc}"
