"""The open data: facts and matrices of every kernel by one link."""

from __future__ import annotations

from django.http import FileResponse, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request

from kfmap.api.described import PROBLEMS, files, problems
from kfmap.api.errors import BusyError
from kfmap.catalogue.data_file import BeingMadeError, find_data_file


@extend_schema(responses={**files("application/zip"), **PROBLEMS, **problems(503)})
@api_view(["GET"])
def open_data(request: Request) -> HttpResponseBase:
    """Return facts and matrices of every kernel as CSV, JSON, Parquet and SQLite, in one ZIP file.

    README.md in it is the dictionary. After a change of the map the first request takes a while.
    """
    try:
        path, digest = find_data_file()
    except BeingMadeError as error:
        raise BusyError from error
    response = FileResponse(path.open("rb"), as_attachment=True, filename="kfmap-data.zip")
    response["ETag"] = f'"{digest}"'
    return response
