"""Measurements against the numbers the project has promised, each beside its bare floor. See docs/how-to/measure-speed.md."""
