"""Use cases of the sites room: the only writers of its tables."""
