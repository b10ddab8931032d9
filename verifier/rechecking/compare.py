"""An object's answers before and after: what broke, what healed, what else is another word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kfmap.catalogue.models import Kernel
from kfmap.permission.engine import ENGINE_VERSION
from verifier.engine.policy.judging import judge
from verifier.engine.policy.model import Effect
from verifier.engine.policy.reading import read_policy
from verifier.engine.result import FAILS_AT_RUN_TIME, REFUSED, UNKNOWN, WORDS
from verifier.rechecking.models import Recheck, RecheckedObject
from verifier.records.models import BpfObject, Check, Verdict
from verifier.records.outcome import WORST_FIRST
from verifier.records.policies import load_facts
from verifier.records.store import load_checked
from verifier.spaces.models import PolicyVersion, Space

_BAD = (REFUSED, FAILS_AT_RUN_TIME)
_ALL = ""  # in place of the name of a program
_NAMED, _LONGEST = 5, 60


class Kind(StrEnum):
    """What a change means to whoever runs the object."""

    BROKE = "broke"
    HEALED = "healed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Change:
    """A kernel (`than`: the older one it is compared with) or a policy that answers otherwise.

    `programs`: those that a kernel gives this word now, in place of that one.

    `space` is that of a policy, None for kernels: who does not see it is not told.
    """

    what: str
    before: str
    after: str
    kind: Kind
    than: str = ""
    programs: Sequence[str] = ()
    space: int | None = None

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Change:
        """Return what `plain` gave."""
        return cls(**{**data, "kind": Kind(data["kind"])})

    @property
    def plain(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def text(self) -> str:
        """Return it in words."""
        if self.space is not None:
            return f"the policy {self.what} {self.after} it now"
        than = f"on {self.than}" if self.than else "before"
        names = [" ".join(name.split())[:_LONGEST] for name in self.programs[:_NAMED]]
        more = len(self.programs) - len(names)
        programs = ", ".join(names) + (f" and {more} more" if more else "")
        words = f"{WORDS[self.after]} ({than}: {WORDS[self.before]})"
        return f"kernel {self.what}: {words}: {programs}"


def read_before(run: Recheck, obj: BpfObject) -> dict[str, Any]:
    """Return the answers that stood when the recheck began, from rows that later checks keep."""
    known = run.before["kernels"]
    verdicts = _words(obj, known, run.before["engine"], exact=False)
    if run.before["engine"] != ENGINE_VERSION:
        return {"verdicts": verdicts, "denied": _denied_last(run, obj)}
    new = {name for name, digest in run.now["kernels"].items() if known.get(name) != digest}
    kernels = [kernel for kernel in Kernel.objects.listed() if kernel.name not in new]
    return {"verdicts": verdicts, "denied": _denied(run.before, obj, kernels)}


def read_after(run: Recheck, obj: BpfObject) -> dict[str, Any]:
    """Return the answers of now."""
    kernels = list(Kernel.objects.listed())
    verdicts = _words(obj, run.now["kernels"], run.now["engine"], exact=True)
    return {"verdicts": verdicts, "denied": _denied(run.now, obj, kernels)}


def find_changes(run: Recheck, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return what answers otherwise, kernels in the order of the map, then policies."""
    changes = list(_policy_changes(before["denied"], after["denied"]))
    return changes if run.space_id else [*_kernel_changes(run, before, after), *changes]


def _kernel_changes(
    run: Recheck, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterable[Change]:
    """Compare each kernel with itself; one that is new, with the nearest older one."""
    older = ""
    for name in run.now["order"]:
        new = name not in run.before["kernels"]
        than = older if new else ""
        was, now = before["verdicts"].get(than or name), after["verdicts"].get(name)
        if was and now:
            yield from _compare_programs(name, than, was, now)
        if not new and was:
            older = name


def _compare_programs(
    kernel: str, than: str, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterable[Change]:
    """Return a change for each pair of words; a check that broke off made all of them unknown."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for program in sorted({*before, *after} - {_ALL}):
        was, now = (side.get(program) or side.get(_ALL) for side in (before, after))
        if was and now and was != now:
            pairs.setdefault((was, now), []).append(program)
    for (was, now), programs in sorted(pairs.items()):
        kind = _kind(was in _BAD, now in _BAD, now == UNKNOWN)
        yield Change(kernel, was, now, kind, than, programs)


def _policy_changes(
    before: Mapping[str, bool] | None, after: Mapping[str, bool] | None
) -> Iterable[Change]:
    if before is None or after is None:
        return
    for key in sorted({*before, *after}):
        was, now = before.get(key, False), after.get(key, False)
        if was != now:
            space, _, slug = key.partition(":")
            words = [{True: "denies", False: "permits"}[side] for side in (was, now)]
            yield Change(slug, words[0], words[1], _kind(was, now, False), space=int(space))


def _kind(was_bad: bool, is_bad: bool, is_unknown: bool) -> Kind:
    if is_bad and not was_bad:
        return Kind.BROKE
    return Kind.HEALED if was_bad and not is_bad and not is_unknown else Kind.OTHER


def _words(
    obj: BpfObject, kernels: Mapping[str, str], engine: int, *, exact: bool
) -> dict[str, dict[str, str]]:
    """Return the words of the programs by kernel and name, as an engine said.

    Where `exact` is not asked for, an earlier engine's word does that was not asked again. A check
    that broke off says unknown of all of them.
    """
    checks = Check.objects.filter(
        object=obj,
        facts_hash__in=kernels.values(),
        loader_key=obj.loader_key,
        engine_version__lte=engine,
        engine_version__gte=engine if exact else 0,
    )
    latest = {row.facts_hash: row for row in checks.order_by("engine_version")}
    words: dict[int, dict[str, str]] = {
        row.pk: {_ALL: UNKNOWN} if row.problem else {} for row in latest.values()
    }
    rows = Verdict.objects.filter(check_row__in=list(words)).order_by()
    for pk, program, word in rows.values_list("check_row", "program", "verdict"):
        said = words[pk].get(program, word)
        words[pk][program] = min(said, word, key=WORST_FIRST.index)
    return {name: words[latest[digest].pk] for name, digest in kernels.items() if digest in latest}


def _denied(
    moment: Mapping[str, Any], obj: BpfObject, kernels: list[Kernel]
) -> dict[str, bool] | None:
    """Return by SPACE:POLICY whether it denies the object; None where no verdicts are known."""
    spaces = Space.objects.filter(submissions__files__object=obj).values("pk")
    ids = [pk for policies in moment["policies"].values() for pk in policies.values()]
    versions = list(PolicyVersion.objects.filter(pk__in=ids, space__in=spaces)) if ids else []
    if not versions:
        return {}
    checked = load_checked(obj, kernels)
    if checked.summary is None or not checked.verdicts:
        return None
    facts = load_facts(kernels, checked)
    return {
        f"{row.space_id}:{row.slug}": judge(read_policy(row.text), checked, facts).effect
        == Effect.DENY
        for row in versions
    }


def _denied_last(run: Recheck, obj: BpfObject) -> dict[str, bool] | None:
    """Return what policies said when the object was last rechecked: an older engine's findings
    are not read any more."""
    done = RecheckedObject.State.DONE
    items = RecheckedObject.objects.filter(object=obj, recheck__lt=run.pk, state=done)
    last = items.exclude(after={}).order_by("-recheck").first()
    return last.after["denied"] if last else None
