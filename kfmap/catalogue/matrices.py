"""Matrices, decided once for each (facts, engine) and kept."""

from __future__ import annotations

import json
import logging

from django.db import DatabaseError, transaction

from kfmap.catalogue.database import with_a_short_wait
from kfmap.catalogue.models import StoredMatrix
from kfmap.catalogue.packing import pack, unpack
from kfmap.permission.context_text import read_context, write_context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.engine import ENGINE_VERSION
from kfmap.permission.matrix import Matrix, fill_matrix

log = logging.getLogger(__name__)


def load_matrix(facts_hash: str, decider: Decider) -> Matrix:
    """Return the matrix over the kernel's own contexts."""
    rows = StoredMatrix.objects.filter(facts_hash=facts_hash, engine_version=ENGINE_VERSION)
    data = rows.values_list("data", flat=True).first()
    if data is not None:
        return _parse(unpack(data))
    matrix = fill_matrix(decider, build_contexts(decider.facts))
    _keep(facts_hash, matrix)
    return matrix


def _keep(facts_hash: str, matrix: Matrix) -> None:
    """Store the matrix for the next process, if that can be done: reading goes on without it."""
    try:
        with with_a_short_wait(), transaction.atomic():
            StoredMatrix.objects.get_or_create(
                facts_hash=facts_hash,
                engine_version=ENGINE_VERSION,
                defaults={"data": pack(_render(matrix))},
            )
    except DatabaseError as error:
        log.warning("the matrix of facts %s is not kept: %s", facts_hash[:12], error)


def _render(matrix: Matrix) -> bytes:
    body = {
        "contexts": [write_context(context) for context in matrix.contexts],
        "kfuncs": matrix.kfuncs,
        "allowed": [f"{bits:x}" for bits in matrix.allowed],
        "possible": [f"{bits:x}" for bits in matrix.possible],
    }
    return json.dumps(body).encode()


def _parse(data: bytes) -> Matrix:
    body = json.loads(data)
    return Matrix(
        contexts=tuple(read_context(record) for record in body["contexts"]),
        kfuncs=tuple(body["kfuncs"]),
        allowed=tuple(int(bits, 16) for bits in body["allowed"]),
        possible=tuple(int(bits, 16) for bits in body["possible"]),
    )
