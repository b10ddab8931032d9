"""The rows of spaces, one topic per file.

`space.py` has spaces and their members, on which the others stand. Rows of uploads point here,
never the other way.
"""

from verifier.spaces.models.audit import AuditEntry
from verifier.spaces.models.ending import Ending
from verifier.spaces.models.event import Event, Kind
from verifier.spaces.models.invitation import Invitation
from verifier.spaces.models.notice import Notice
from verifier.spaces.models.policy import PolicyVersion
from verifier.spaces.models.space import Membership, Space

__all__ = [
    "AuditEntry",
    "Ending",
    "Event",
    "Invitation",
    "Kind",
    "Membership",
    "Notice",
    "PolicyVersion",
    "Space",
]
