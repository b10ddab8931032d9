"""The wording of the messages, one table per family, and the index over all of them.

The wording differs between releases: a table has every form that was seen in Debian's kernels from
6.1 to 7.3, and the older forms that loaders still meet.
"""

from __future__ import annotations

from functools import cache

from kfmap.decoder.messages.arguments import ARGUMENTS
from kfmap.decoder.messages.attaching import ATTACHING
from kfmap.decoder.messages.calls import CALLS
from kfmap.decoder.messages.consequences import CONSEQUENCES
from kfmap.decoder.messages.helpers import HELPERS
from kfmap.decoder.messages.loader import LOADER
from kfmap.decoder.messages.maps import MAPS
from kfmap.decoder.messages.notes import NOTES
from kfmap.decoder.messages.other_loaders import OTHER_LOADERS
from kfmap.decoder.messages.places import PLACES
from kfmap.decoder.messages.scx_exit import SCX_EXIT
from kfmap.decoder.messages.scx_run import SCX_RUN
from kfmap.decoder.messages.struct_ops import STRUCT_OPS
from kfmap.decoder.messages.verifier import VERIFIER
from kfmap.decoder.pattern import PatternIndex

TABLES = (
    CALLS,
    PLACES,
    ARGUMENTS,
    HELPERS,
    MAPS,
    ATTACHING,
    STRUCT_OPS,
    LOADER,
    OTHER_LOADERS,
    SCX_RUN,
    SCX_EXIT,
    VERIFIER,
    CONSEQUENCES,
    NOTES,
)


@cache
def message_index() -> PatternIndex:
    """Return the index over all tables, made once per process."""
    return PatternIndex([pattern for table in TABLES for pattern in table])
