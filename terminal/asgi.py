"""The ASGI application that daphne (or any ASGI server) runs."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "terminal.settings")

application = get_asgi_application()
