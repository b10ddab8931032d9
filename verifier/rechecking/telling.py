"""What a recheck found, as somebody may know it, and the summary that each owner gets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User

from verifier.rechecking.compare import Change, Kind
from verifier.rechecking.models import Recheck, RecheckedObject
from verifier.records.models import BpfObject, SubmittedFile
from verifier.spaces.access import Reader
from verifier.spaces.models import Event, Notice, Space
from verifier.spaces.models import Kind as EventKind
from verifier.spaces.models.event import absolute

_MOST = 1000  # objects on a page
_NAMED = 2  # objects of each kind in a notice, which holds 500 characters


@dataclass(frozen=True, slots=True)
class Told:
    """An object under the name it has for the reader, with the changes that they may know."""

    object: BpfObject
    changes: tuple[Change, ...]
    problem: str

    @property
    def kind(self) -> Kind | None:
        """Return the gravest of its changes; None where there is none."""
        kinds = {change.kind for change in self.changes}
        return next((kind for kind in Kind if kind in kinds), None)


def list_told(run: Recheck, reader: Reader, uploader: User | None = None) -> list[Told]:
    """Return what changed, or could not be checked, of what the reader sees.

    `uploader`: only what this person uploaded.
    """
    items = run.items.told().visible_to(reader)
    if uploader is not None:
        files = SubmittedFile.objects.filter(submission__user=uploader)
        items = items.filter(object__in=files.values("object"))
    shown = {item.object_id: item for item in items[:_MOST]}
    spaces = set(Space.objects.visible_to(reader).values_list("pk", flat=True))
    objects = BpfObject.objects.visible_to(reader).filter(pk__in=shown)
    told = (_tell(obj, shown[obj.pk], spaces) for obj in objects)
    return [item for item in told if item.changes or item.problem]


def _tell(obj: BpfObject, item: RecheckedObject, spaces: set[int]) -> Told:
    changes = (Change.parse(data) for data in item.changes)
    known = tuple(item for item in changes if item.space is None or item.space in spaces)
    return Told(obj, known, item.problem)


def tell_owners(run: Recheck) -> None:
    """Put one summary into the inbox of everybody of whose uploads something changed.

    Who may not see an upload of theirs any more, or the space whose policy is the reason, is not
    told of it.
    """
    told = run.items.told().values("object")
    owners = User.objects.filter(is_active=True, submissions__files__object__in=told)
    for owner in owners.distinct():
        if not Recheck.objects.visible_to(owner).filter(pk=run.pk).exists():
            continue
        if mine := list_told(run, owner, owner):
            address = absolute(run.get_absolute_url())
            Notice.objects.tell([owner], summarize(run, mine), address, _list(mine))


def tell_spaces(run: Recheck) -> None:
    """Announce in every space what broke and what healed of its objects, each by itself."""
    told = run.items.told().values("object")
    spaces = Space.objects.filter(submissions__files__object__in=told)
    if run.space is not None:
        spaces = spaces.filter(pk=run.space.pk)
    for space in spaces.distinct():
        there = _told_in(run, space)
        for kind, word in ((Kind.BROKE, EventKind.BROKE), (Kind.HEALED, EventKind.HEALED)):
            if items := [item for item in there if item.kind == kind]:
                Event.objects.announce(
                    space,
                    word,
                    summarize(run, items, f"Of the objects of {space}"),
                    run.get_absolute_url(),
                    reason=run.reason,
                    objects=[_plain(item) for item in items],
                )


def _told_in(run: Recheck, space: Space) -> list[Told]:
    """Return what changed of a space's objects, as its members may know it."""
    objects = BpfObject.objects.in_space(space)
    items = run.items.told().filter(object__in=objects.values("pk"))
    shown = {item.object_id: item for item in items[:_MOST]}
    return [_tell(obj, shown[obj.pk], {space.pk}) for obj in objects.filter(pk__in=shown)]


def _plain(item: Told) -> dict[str, object]:
    return {
        "sha256": item.object.sha256,
        "name": item.object.file_name,
        "changes": [{"kind": change.kind, "text": change.text} for change in item.changes],
    }


def summarize(run: Recheck, told: Iterable[Told], whose: str = "Of your objects") -> str:
    """Return one line on what broke and what healed; it fits a notice."""
    told = list(told)
    groups = (
        ("broke", [item for item in told if item.kind == Kind.BROKE]),
        ("healed", [item for item in told if item.kind == Kind.HEALED]),
        ("changed", [item for item in told if item.kind == Kind.OTHER]),
        ("could not be checked", [item for item in told if item.kind is None]),
    )
    parts = [f"{len(items)} {word}: {_names(items)}" for word, items in groups if items]
    reason = run.reason if len(run.reason) <= 160 else f"{run.reason[:159]}…"
    return f"{reason} {whose} {'; '.join(parts)}."


def _names(items: list[Told]) -> str:
    names = [item.object.file_name[:30] for item in items[:_NAMED]]
    more = len(items) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _list(told: Iterable[Told]) -> str:
    """Return every object with its changes and its address, as the letter has them."""
    return "\n\n".join(
        "\n".join(
            [
                " ".join(item.object.file_name.split()),
                *(f"  {change.kind}: {change.text}" for change in item.changes),
                *([f"  {item.problem}"] if item.problem else []),
                f"  {absolute(item.object.get_absolute_url())}",
            ]
        )
        for item in told
    )
