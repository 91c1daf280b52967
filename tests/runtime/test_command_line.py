"""The command line: every module has its command, and a command loads only what it needs."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

from openhtm.config import cli

SOURCE = Path(__file__).parents[2] / "src"
HELPERS = {"__main__", "accounts", "dumping", "importing", "shell"}


def test_every_module_is_reached_by_a_command():
    modules = {found.name for found in pkgutil.iter_modules(cli.__path__)} - HELPERS
    assert modules == {module for module, _summary in cli.available().values()}


@pytest.mark.parametrize("name", sorted(cli.available()))
def test_every_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([name, "--help"])
    assert stopped.value.code == 0
    assert f"openhtm {name}" in capsys.readouterr().out


def test_an_unknown_command_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["launder"])
    assert stopped.value.code == 2
    assert "invalid choice: 'launder'" in capsys.readouterr().err


def test_taking_bar_codes_apart_loads_no_framework_and_no_driver():
    code = "import sys; from openhtm.config.cli import main; main(['udi', 'parse', '-']); print({'django', 'psycopg'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], input=b"", capture_output=True, env={"PYTHONPATH": str(SOURCE)}, check=True)
    assert done.stdout.strip() == b"set()"
