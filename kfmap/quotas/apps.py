"""Django's entry to kfmap.quotas."""

from django.apps import AppConfig


class QuotasConfig(AppConfig):
    name = "kfmap.quotas"
    label = "kfmap_quotas"
    verbose_name = "Quotas"
