"""Lines as kernels and loaders print them, one or more per kind of message.

Names in them are made up or public; the wording is that of Debian's kernels 6.1 to 7.3, and of
libbpf, cilium/ebpf, aya and bpftrace.
"""

from __future__ import annotations

from tests.decoder.corpus.loading import CONSEQUENCES, LOADING
from tests.decoder.corpus.other_tools import OTHER_TOOLS, QUOTED_IN_PART
from tests.decoder.corpus.quiet import QUIET
from tests.decoder.corpus.said import Said
from tests.decoder.corpus.sched_ext import RUNNING
from tests.decoder.corpus.verifying import NOT_JUDGED, VERIFYING

EVERYTHING = (*LOADING, *QUOTED_IN_PART, *OTHER_TOOLS, *VERIFYING, *RUNNING, *CONSEQUENCES)

__all__ = ["CONSEQUENCES", "EVERYTHING", "NOT_JUDGED", "QUIET", "RUNNING", "Said"]
