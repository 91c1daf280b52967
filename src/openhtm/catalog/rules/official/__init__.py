"""Readers of the official reference files: bytes in, typed rows and row problems out. No Django, no database."""
