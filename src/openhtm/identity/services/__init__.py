"""Use cases of the identity room: the only writers of its tables."""
