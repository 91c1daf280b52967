"""What tests of pages share: the moment they are at, and a browser in which somebody is logged in."""

from datetime import UTC, datetime

from openhtm.identity.middleware import begin_session
from openhtm.identity.models import User

NOW = datetime(2026, 1, 20, 17, tzinfo=UTC)


def logged_in(client, actor):
    client.force_login(User.objects.get(pk=actor.user_id), backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    begin_session(session)
    session.save()
    return client
