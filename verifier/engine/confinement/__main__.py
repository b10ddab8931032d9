"""Try the confinement in this process and print what the platform does not give, as JSON."""

from __future__ import annotations

import json
import sys

from verifier.engine.confinement.confine import confine

sys.stdout.write(json.dumps(confine()) + "\n")
