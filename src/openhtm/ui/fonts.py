"""Inter, from the package ``fontpkg-inter`` (SIL Open Font License 1.1), offered to the static files."""

from importlib import resources


def static_dirs() -> list[tuple[str, str]]:
    """Entries for ``STATICFILES_DIRS``; the stylesheet expects the files under ``ui/fonts/``."""
    return [("ui/fonts", str(resources.files("fontpkg_inter").joinpath("files")))]
