"""The rows of uploads and verdicts, one topic per file.

Questions about one row are its methods, questions about many are querysets; `store.py` beside this
room turns verdicts into rows and back.
"""

from verifier.records.models.check_time import CheckTime
from verifier.records.models.job import Job
from verifier.records.models.object import BpfObject, Call, Program
from verifier.records.models.removal import Removal
from verifier.records.models.review import Assignment, Review, Waiver
from verifier.records.models.submission import Submission, SubmittedFile
from verifier.records.models.verdict import Check, Finding, Verdict
from verifier.records.models.worker import Worker

__all__ = [
    "Assignment",
    "BpfObject",
    "Call",
    "Check",
    "CheckTime",
    "Finding",
    "Job",
    "Program",
    "Removal",
    "Review",
    "Submission",
    "SubmittedFile",
    "Verdict",
    "Waiver",
    "Worker",
]
