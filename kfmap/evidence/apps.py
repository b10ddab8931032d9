"""Django's entry to stored evidence."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "kfmap.evidence"
    label = "kfmap_evidence"
    verbose_name = "Evidence of booted kernels"
