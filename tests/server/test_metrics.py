"""/metrics: for whom the settings name, and with what is so."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from kfmap.server.metrics import count_request
from verifier.records.models import BpfObject, CheckTime, Job

pytestmark = pytest.mark.django_db


def read(client: Client) -> dict[str, float]:
    """Return the figures by their name and labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_metrics_are_closed_unless_an_address_is_named(client: Client, settings: Settings) -> None:
    assert client.get("/metrics").status_code == 404
    settings.KFMAP_METRICS_FROM = ["10.0.0.0/8", "127.0.0.1"]
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 404
    assert client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 200


def test_metrics_count_requests_jobs_and_checks(client: Client, settings: Settings) -> None:
    settings.KFMAP_METRICS_FROM = ["127.0.0.1"]
    Job.objects.create(object=BpfObject.objects.create(sha256="a" * 64, size=1))
    CheckTime.objects.add({"7.2": 1.5})
    CheckTime.objects.add({"7.2": 0.5})
    before = read(client)
    count_request("GET", "/kernels/", 200, 0.01)
    count_request("BREW", "/kernels/", 405, 0.01)
    after = read(client)
    label = 'kfmap_requests_total{method="GET",route="/kernels/",status="200"}'
    assert after[label] == before.get(label, 0) + 1
    assert after['kfmap_requests_total{method="other",route="/kernels/",status="405"}'] >= 1
    assert after['kfmap_jobs{state="queued"}'] == 1
    assert after['kfmap_jobs{state="done"}'] == 0
    assert after["kfmap_queue_age_seconds"] >= 0
    assert after['kfmap_check_seconds_sum{kernel="7.2"}'] == 2
    assert after['kfmap_check_seconds_count{kernel="7.2"}'] == 2
