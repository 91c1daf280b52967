"""Structured logs: one JSON object a line, or readable lines on a terminal. Secrets never enter them."""

import logging
import os
import sys
from typing import Any

import structlog

SECRET_WORDS = ("password", "token", "authorization", "secret", "cookie")


def hide_secrets(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Blank out values whose name says that they are secret."""
    return {key: "hidden" if any(word in key.lower() for word in SECRET_WORDS) else value for key, value in event.items()}


def configure() -> None:
    """Set up structlog and route the standard library's records through it. Level from ``OPENHTM_LOG_LEVEL``."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
    ]
    final = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                final,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(os.environ.get("OPENHTM_LOG_LEVEL", "INFO").upper())
    for noisy in ("procrastinate", "django.db.backends", "granian"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
