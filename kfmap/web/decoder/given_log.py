"""The log that a form brings: pasted, as a file, or one of the samples; bounded, and never kept."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from kfmap.decoder.reading import MAX_LOG
from kfmap.text_bytes import decode_bytes
from kfmap.web.decoder.samples import SAMPLES
from kfmap.web.shared.asked import read_choice

# A log up to this many characters stands in the form again, so that it can be exported or mended.
MAX_SHOWN = 4 << 20
_MEGABYTE = 1 << 20
TOO_LARGE = (
    f"The log has more than {MAX_LOG // _MEGABYTE} MB. Keep what stands around the first error, or"
    " use `kfmap decode` on a part of it."
)


@dataclass(frozen=True, slots=True)
class GivenLog:
    """`text` is None where no log was given. `problem` says why one cannot be read."""

    text: str | None = None
    problem: str = ""
    file_name: str = ""

    @property
    def shown(self) -> str:
        """Return what stands in the form: the log, unless it is too long for that."""
        return self.text if self.text and len(self.text) <= MAX_SHOWN else ""


def read_given(request: HttpRequest) -> GivenLog:
    """Return the log of a request: a file goes before what is pasted, both before a sample."""
    if request.method != "POST":
        return GivenLog(SAMPLES.get(read_choice(request, "sample", SAMPLES)))
    file = request.FILES.get("file")
    if file:
        return _read_file(file)
    text = request.POST.get("log", "")
    if len(text) > MAX_LOG:
        return GivenLog("", TOO_LARGE)
    return GivenLog(text)


def _read_file(file: UploadedFile[bytes]) -> GivenLog:
    name = file.name or "the file"
    if (file.size or 0) > MAX_LOG:
        return GivenLog("", TOO_LARGE, name)
    return GivenLog(decode_bytes(file.read()), file_name=name)
