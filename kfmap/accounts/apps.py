"""Django's entry to kfmap.accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The application `kfmap.accounts`."""

    name = "kfmap.accounts"
    label = "kfmap_accounts"
    verbose_name = "Accounts"
