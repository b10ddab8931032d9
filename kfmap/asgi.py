"""The ASGI application, for uvicorn (`manage.py up`) and gunicorn (`-k asgi`)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kfmap.settings")
application = get_asgi_application()
