"""What each web worker imports: the application, in a process that does not outlive the web server."""

import os
import signal

from openhtm.config.runtime.processes import die_with_parent

if _arm := die_with_parent(signal.SIGKILL, parent=os.getppid()):
    _arm()

from openhtm.config.wsgi import application

__all__ = ["application"]
