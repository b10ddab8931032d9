"""What a kernel said of an object, kept on disk: a run that is broken off goes on where it stopped.

An answer belongs to the image, its modules, the loader, and the object as the guest got it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from verifier.opinions.asking import CROWDED_OUT, BootedKernel
from verifier.opinions.files import AskedObject
from verifier.opinions.opinion import KernelOpinion
from verifier.opinions.opinion_json import parse_opinion, plain_opinion


class KeptAnswers:
    """The answers of one image and loader, a file each under `folder`."""

    def __init__(self, folder: Path, kernel: BootedKernel, loader: bytes) -> None:
        guest = hashlib.sha256(kernel.image.read_bytes() + kernel.config + loader)
        for name, data in sorted((kernel.modules or {}).items()):
            guest.update(name.encode() + data)
        self._folder = folder / guest.hexdigest()[:16]
        self._folder.mkdir(parents=True, exist_ok=True)

    def find(self, asked: AskedObject) -> KernelOpinion | None:
        """Return what was said of an object, None where it was not asked about."""
        path = self._path(asked)
        return parse_opinion(json.loads(path.read_bytes())) if path.exists() else None

    def keep(self, asked: AskedObject, opinion: KernelOpinion) -> None:
        """Keep an answer, if the object had its turn."""
        if opinion.problem == CROWDED_OUT:
            return
        draft = self._path(asked).with_suffix(".draft")
        draft.write_text(json.dumps(plain_opinion(opinion)))
        draft.replace(self._path(asked))

    def _path(self, asked: AskedObject) -> Path:
        digest = hashlib.sha256(asked.data + asked.options.encode()).hexdigest()
        return self._folder / f"{digest}.json"
