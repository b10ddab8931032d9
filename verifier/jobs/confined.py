"""What the platform cannot keep a check process from: tried once per process, in a child."""

from __future__ import annotations

import json
import subprocess
from functools import cache

from verifier.jobs.child import CHILD_ENVIRONMENT, ROOT, python_command

_MODULE = "verifier.engine.confinement"
_SECONDS = 20


@cache
def find_gaps() -> tuple[str, ...]:
    """Return a sentence for each; none where a check can do nothing but answer."""
    try:
        ended = subprocess.run(
            python_command(_MODULE),
            cwd=ROOT,
            env=CHILD_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
        return tuple(json.loads(ended.stdout))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return (f"The confinement of checks could not be tried: {error}.",)
