"""The command line: every module has its command, and a command loads only what it needs."""

import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from openhtm.config import cli
from openhtm.config.runtime import database_for_command

SOURCE = Path(__file__).parents[2] / "src"
HELPERS = {"__main__", "accounts", "dumping", "importing", "shell", "testing"}


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


def openhtm(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"} | {"PYTHONPATH": str(SOURCE)}
    return subprocess.run([sys.executable, "-m", "openhtm.config.cli", *arguments], capture_output=True, text=True, env=environment)


def test_a_command_in_a_new_data_folder_makes_its_tables_first(home):
    made = openhtm("token", "create", "--role", "manager")
    assert made.returncode == 0
    assert "is new" in made.stderr
    assert made.stdout.startswith("oht_")
    again = openhtm("token", "list")
    assert (again.returncode, again.stderr) == (0, "")


def test_tables_of_another_version_are_named_with_the_remedy(home):
    with database_for_command() as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE something_old (id int)")
    refused = openhtm("token", "list")
    assert refused.returncode == 1
    assert "Run openhtm migrate" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_database_that_does_not_answer_is_said_in_words(home, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:hush@127.0.0.1:9/none")
    refused = openhtm("export", "somewhere")
    assert refused.returncode == 1
    assert "does not answer" in refused.stderr
    assert not {"Traceback", "hush"} & set(re.findall(r"\w+", refused.stderr))
