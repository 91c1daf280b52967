"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")
from openhtm.config.logs import configure

configure()
application = get_wsgi_application()
