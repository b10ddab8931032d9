"""A small tree that is sent to become a kernel."""

from __future__ import annotations

import lzma
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kfmap.adding.models import Addition
from tests.archives.packages import make_tar
from tests.given.test_source import files_of
from tests.kernel.small_kernel import INCLUDES, SET_C, id_set, write_tree


def archive(tmp_path: Path, kfuncs: str = "one two") -> SimpleUploadedFile:
    tree = write_tree(tmp_path / "tree", {SET_C: INCLUDES + id_set(kfuncs)})
    data = lzma.compress(make_tar(files_of(tree), "linux-9.1.2"))
    return SimpleUploadedFile("linux-9.1.2.tar.xz", data)


def add(client: Client, **given: object) -> Addition:
    response = client.post("/kernels/add/", given)
    assert response.status_code == 302, response.content.decode()
    return Addition.objects.get()
