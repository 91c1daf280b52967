"""What can be done on rounds and with readiness checks: the only writers of this room."""
