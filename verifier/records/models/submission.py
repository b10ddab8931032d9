"""Submissions: what somebody uploaded at once, and into which space."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.urls import reverse
from django.utils import timezone

from verifier.engine.origin import MOST, Origin
from verifier.records.models.job import Job
from verifier.records.models.object import BpfObject
from verifier.spaces.access import Reader, sees_everything
from verifier.spaces.models import Space
from verifier.spaces.moment import SAME_MOMENT
from verifier.spaces.roles import Action

_MANY = 5_000  # files, or jobs


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Questions about many submissions."""

    def visible_to(self, user: Reader) -> Self:
        """Return the submissions that somebody may see."""
        return self.where(user, Action.SEE)

    def where(self, user: Reader, action: Action) -> Self:
        """Return the submissions in spaces where somebody may do something."""
        if sees_everything(user):
            return self.all()
        return self.filter(space__in=Space.objects.where(user, action).values("pk"))

    def to_tell(self) -> Self:
        """Return those that somebody awaits and whose checks are all over."""
        open_jobs = Job.objects.not_over().values("object")
        return self.filter(is_awaited=True).exclude(files__object__in=open_jobs)

    def find_same(self, user: User, space: Space, digest: str) -> Submission | None:
        """Return the latest upload of the same that is not over, or was made a moment ago."""
        lately = models.Q(created_at__gt=timezone.now() - SAME_MOMENT)
        goes_on = models.Q(files__object__in=Job.objects.open().values("object"))
        rows = self.filter(user=user, space=space, digest=digest)
        return rows.filter(lately | goes_on).order_by("-pk").first()


class Submission(models.Model):
    """One upload of one or several files, with what they were made of, "" where not said."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="submissions"
    )
    space = models.ForeignKey(
        Space,
        on_delete=models.CASCADE,
        null=True,  # releases before this one write none
        related_name="submissions",
    )
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    commit = models.CharField(max_length=MOST["commit"], blank=True, default="", db_default="")
    branch = models.CharField(max_length=MOST["branch"], blank=True, default="", db_default="")
    link = models.CharField(max_length=MOST["link"], blank=True, default="", db_default="")
    is_awaited = models.BooleanField(
        default=False,
        db_default=False,
        db_index=True,
        help_text="who uploaded is to be told when its checks are over",
    )

    digest = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="of what was sent, by which the same sent twice is known",
    )
    is_whole = models.BooleanField(
        default=True, db_default=True, help_text="all of its files are taken in"
    )

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["digest"], condition=~models.Q(digest=""), name="submissions_by_digest"
            )
        ]

    def __str__(self) -> str:
        return f"submission {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the row; one that names no space is in that of whoever uploaded it."""
        if self._state.adding and self.space_id is None:
            self.space = Space.objects.home_of(self.user)
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        """Return the address of the submission's page."""
        return reverse("submission", args=[self.pk])

    def has_open_jobs(self, files: int) -> bool:
        """Return whether a job of its objects waits or runs; `files`: how many it has.

        Its files are read, or all open jobs: what is not too many.
        """
        opened = Job.objects.open().order_by()
        if files > _MANY and (count := opened[:_MANY].count()) < _MANY:
            if not count:  # SQLite would read all jobs, and there is none
                return False
            here = SubmittedFile.objects.filter(submission=self, object=models.OuterRef("object"))
            return opened.filter(models.Exists(here)).exists()
        waiting = opened.filter(object=models.OuterRef("object"))
        return self.files.filter(models.Exists(waiting)).exists()

    @property
    def origin(self) -> Origin:
        """Return what its files were made of."""
        return Origin(self.commit, self.branch, self.link)


class SubmittedFileQuerySet(models.QuerySet["SubmittedFile"]):
    """Questions about many files."""

    def would_take_reviews(self) -> Self:
        """Return those whose object has reviews, which go with it and its last upload."""
        others = SubmittedFile.objects.filter(object=models.OuterRef("object"))
        kept = models.Exists(others.exclude(submission=models.OuterRef("submission")))
        return self.filter(~kept, object__reviews__isnull=False)


class SubmittedFile(models.Model):
    """A file of a submission: an object, or the reason why it is none.

    `space` is the submission's, so that the latest objects of a space stand side by side in an
    index, with their names. A release before this one leaves it empty, until
    `newest.put_files_in_spaces` comes by. Who may see an object is asked of the submission alone.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="files")
    object = models.ForeignKey(
        BpfObject, on_delete=models.CASCADE, null=True, related_name="submitted"
    )
    space = models.ForeignKey(
        Space,
        on_delete=models.DO_NOTHING,  # its submissions take their files along
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="files",
    )
    name = models.CharField(max_length=255, db_index=True)
    problem = models.TextField(blank=True)
    known_before = models.BooleanField(default=False)

    objects = SubmittedFileQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["space", "-object", "name"], name="latest_in_space")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the row, in the space of its submission."""
        self.space_id = self.submission.space_id
        super().save(*args, **kwargs)


@receiver(post_delete, sender=SubmittedFile)
def _remove_object_nobody_has(
    instance: SubmittedFile, origin: models.Model | models.QuerySet[models.Model], **_: Any
) -> None:
    """Remove an object, and with it its bytes, when the last upload of it is deleted."""
    kind = origin.model if isinstance(origin, models.QuerySet) else type(origin)
    if kind is BpfObject or instance.object_id is None:
        return
    if not SubmittedFile.objects.filter(object_id=instance.object_id).exists():
        BpfObject.objects.filter(pk=instance.object_id).delete()
