"""The use cases of the catalogue; the only writers of its tables."""
