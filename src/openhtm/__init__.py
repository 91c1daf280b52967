"""OpenHTM: healthcare technology management."""

__version__ = "0.1.0"
