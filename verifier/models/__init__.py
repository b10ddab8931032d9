"""The rows of uploads and verdicts, one topic a file."""

from verifier.models.job import Job
from verifier.models.object import BpfObject, Call, Program
from verifier.models.review import Review
from verifier.models.submission import Submission, SubmittedFile
from verifier.models.verdict import Check, Finding, Verdict

__all__ = [
    "BpfObject",
    "Call",
    "Check",
    "Finding",
    "Job",
    "Program",
    "Review",
    "Submission",
    "SubmittedFile",
    "Verdict",
]
