"""What the environment says, read once. See docs/reference/settings.md."""

import os
import secrets
from pathlib import Path

import platformdirs

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})


def flag(name: str, *, default: bool) -> bool:
    """Return the switch ``name``. Raises SystemExit naming the variable if its value is neither on nor off."""
    text = os.environ.get(name, "").strip().lower()
    if name not in os.environ:
        return default
    if text not in TRUE_WORDS | FALSE_WORDS:
        raise SystemExit(f"{name} is {text!r}. Set it to on or off.")
    return text in TRUE_WORDS


def data_home() -> Path:
    """Return the data folder: ``OPENHTM_HOME``, for root ``/var/lib/openhtm``, else the platform's user data folder."""
    if given := os.environ.get("OPENHTM_HOME"):
        return Path(given).expanduser().absolute()
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/openhtm")
    return Path(platformdirs.user_data_dir("openhtm", appauthor=False))


def secret_key(home: Path) -> str:
    """Return ``OPENHTM_SECRET_KEY``, or the key kept in the data folder, made at the first start (mode 0600)."""
    if given := os.environ.get("OPENHTM_SECRET_KEY"):
        return given
    path = home / "secret-key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"secret-key.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(50), encoding="ascii")
        try:
            os.link(fresh, path)  # whoever links first decides; a second process reads the same key
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii").strip()
