"""Django's entry to kfmap.accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "kfmap.accounts"
    label = "kfmap_accounts"
    verbose_name = "Accounts"
