"""``openhtm user`` and ``openhtm token``: what they print, where, and what they leave behind."""

import argparse
import re

import pytest

from openhtm.config.cli import accounts, shell, token, user
from openhtm.identity import queries
from openhtm.identity.models import ApiToken, User
from openhtm.identity.rules.permissions import Permission, Role
from openhtm.sites.tests.factories import FacilityFactory, ServiceProviderFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process against the test database; return (exit code, standard output, standard error)."""

    def in_this_process(work, *arguments):
        return accounts.refusing(lambda: getattr(accounts, work)(*arguments))

    def run(*words):
        parser = argparse.ArgumentParser()
        subparsers = parser.add_subparsers()
        token.add_parser(subparsers)
        user.add_parser(subparsers)
        args = parser.parse_args(words)
        code = args.func(args)
        out, err = capsys.readouterr()
        return code, out, err

    for module in (token, user):
        monkeypatch.setattr(module, "in_shell", in_this_process)
    assert callable(shell.in_shell)
    return run


def test_token_create_prints_the_token_and_nothing_else(run):
    north = FacilityFactory(code="NORTH")
    code, out, err = run("token", "create", "--role", "technician", "--facility", "north")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"oht_[A-Za-z0-9_-]{43}\n", out)
    actor = queries.holder_of_token(secret=out.strip()).actor
    assert actor.may(Permission.EDIT_DEVICES, at=north.pk) and not actor.may_everywhere(Permission.EDIT_DEVICES)


@pytest.mark.parametrize("role", list(Role))
def test_every_role_can_be_given_to_a_token(run, role):
    ServiceProviderFactory(name="Acme")
    more = ["--provider", "acme"] if role == Role.VENDOR_TECHNICIAN else []
    code, out, _ = run("token", "create", "--role", role, "--read-only", "--days", "7", *more)
    holder = queries.holder_of_token(secret=out.strip())
    assert code == 0 and holder.actor.roles == {role} and holder.actor.read_only


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--facility", "NOWHERE"], "no facility NOWHERE"),
        (["--days", "0"], "days"),
        (["--days", "366"], "Choose 1 to 365 days"),
        (["--name", "x" * 200], "name"),
    ],
)
def test_a_refusal_goes_to_standard_error_and_leaves_nothing(run, words, says):
    code, out, err = run("token", "create", "--role", "manager", *words)
    assert (code, out) == (1, "")
    assert says in err
    assert not User.objects.exists() and not ApiToken.objects.exists()


def test_tokens_are_listed_without_secrets_and_revoked_by_number_start_or_whole(run):
    secrets = [run("token", "create", "--role", "manager", "--name", f"n{n}")[1].strip() for n in range(3)]
    listing = run("token", "list")[1]
    assert listing.count("\n") == 3 and not any(secret in listing for secret in secrets)
    number = listing.split("\t")[0]
    assert run("token", "revoke", number)[0] == 0
    assert run("token", "revoke", secrets[1][:10])[0] == 0
    assert run("token", "revoke", secrets[2])[0] == 0
    assert run("token", "revoke", secrets[2])[0] == 1
    assert run("token", "list")[1] == ""
    assert run("token", "list", "--all")[1].count("revoked") == 3


def test_the_first_administrator_gets_in_with_the_password_from_standard_input(run, monkeypatch):
    monkeypatch.setattr(user, "_read_password", lambda: "a long and private sentence")
    code, out, _ = run("user", "create", "ada", "--name", "Ada", "--role", "administrator", "--password-stdin")
    ada = User.objects.get()
    assert (code, out) == (0, "")
    assert ada.check_password("a long and private sentence") and not ada.must_change_password
    assert queries.person_with_roles(user_id=ada.pk).actor.may_everywhere(Permission.MANAGE_PEOPLE)


def test_a_weak_password_leaves_no_account(run, monkeypatch):
    monkeypatch.setattr(user, "_read_password", lambda: "short")
    code, _, err = run("user", "create", "ada", "--name", "Ada", "--role", "administrator", "--password-stdin")
    assert code == 1 and "too short" in err
    assert not User.objects.exists()


def test_a_reset_prints_the_one_time_password(run):
    run("user", "create", "ada", "--name", "Ada", "--role", "administrator")
    code, out, _ = run("user", "reset-password", "ADA")
    ada = User.objects.get()
    assert code == 0 and ada.check_password(out.strip()) and ada.must_change_password
    assert run("user", "reset-password", "nobody")[0] == 1
