"""What became of the uploads: each must have one correct result, or a failure to try again."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.uploads import Upload, read_object
from tests.server.process import Browser, wait_until

Count = Callable[[str], int]
_DOUBLED = (
    "SELECT count(*) FROM (SELECT 1 FROM verifier_check"
    " GROUP BY object_id, facts_hash, engine_version HAVING count(*) > 1) AS doubled",
    "SELECT count(*) FROM (SELECT 1 FROM verifier_program"
    " GROUP BY object_id, name, section HAVING count(*) > 1) AS doubled",
    "SELECT count(*) FROM (SELECT 1 FROM verifier_verdict"
    " GROUP BY check_row_id, program HAVING count(*) > 1) AS doubled",
)


@dataclass(slots=True)
class Results:
    """Counts over all accepted uploads; `correct` includes those that were tried again."""

    correct: int = 0
    tried_again: int = 0
    lost: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    doubled: int = 0

    @property
    def good(self) -> bool:
        """Return whether nothing was lost, stuck, wrong or doubled."""
        return not (self.lost or self.stuck or self.wrong or self.doubled)


def examine(
    browser: Browser, uploads: Iterable[Upload], expected: dict[str, Any], count: Count
) -> Results:
    """Ask for every result; `expected` has by kind what an undisturbed check says.

    `count` asks the database for a number.
    """
    results = Results(doubled=sum(map(count, _DOUBLED)))
    for upload in uploads:
        found = load_result(browser, upload.sha256)
        if found is not None and found["job"]["state"] in ("failed", "cancelled"):
            results.failed[found["job"]["problem"]] += 1
            results.tried_again += 1
            found = _try_again(browser, upload.sha256)
        if found is None:
            results.lost.append(upload.sha256)
        elif found["job"]["state"] != "done":
            results.stuck.append(upload.sha256)
        elif essence(found) != expected[upload.kind]:
            results.wrong.append(upload.sha256)
        else:
            results.correct += 1
    return results


def load_result(browser: Browser, sha256: str) -> dict[str, Any] | None:
    """Return the result of an object, None where there is none."""
    status, body = browser.get(f"/api/objects/{sha256}/")
    return json.loads(body) if status == 200 else None


def essence(result: dict[str, Any]) -> Any:
    """Return the verdicts without what differs between two uploads of one program text."""
    report = result["report"]
    (obj,) = report["objects"]
    left_out = ("sha256", "file", "size", "programs")
    verdicts = {key: value for key, value in obj.items() if key not in left_out}
    return report["errors"], len(obj["programs"]), verdicts


def check_undisturbed(browser: Browser, kind: str) -> Any:
    """Return what a check says of an object when nothing disturbs it."""
    data = read_object(kind)
    browser.get("/uploads/")
    status, page = browser.post("/uploads/", {"objects": (f"{kind}.bpf.o", data)})
    assert status == 200, page
    found = wait_for_result(browser, hashlib.sha256(data).hexdigest())
    assert found["job"]["state"] == "done", found
    return essence(found)


def wait_for_result(browser: Browser, sha256: str, seconds: float = 120) -> dict[str, Any]:
    """Return the result of an object once its job is over."""

    def is_over() -> bool:
        found = load_result(browser, sha256)
        return found is not None and found["job"]["state"] not in ("queued", "running")

    wait_until(is_over, seconds)
    found = load_result(browser, sha256)
    assert found is not None
    return found


def _try_again(browser: Browser, sha256: str) -> dict[str, Any]:
    browser.get(f"/objects/{sha256}/")
    browser.post(f"/objects/{sha256}/check/", {})
    return wait_for_result(browser, sha256)
