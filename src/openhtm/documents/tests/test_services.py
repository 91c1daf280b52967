"""Content is kept once, whole, private and by its hash; nothing refused leaves a trace."""

import hashlib
import io
import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from openhtm.audit.invariants import registered
from openhtm.core.errors import DomainError
from openhtm.documents import services, tasks
from openhtm.documents.errors import FileMissing, FileRefused, FileTooLarge
from openhtm.documents.models import StoredFile
from openhtm.documents.responses import inert_response
from openhtm.documents.tests import samples
from openhtm.identity.actor import Actor

pytestmark = pytest.mark.django_db
MARIA = Actor(user_id=None, name="Maria", grants=())


@pytest.fixture(autouse=True)
def media_root(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    return settings.MEDIA_ROOT


def store(content=samples.PDF, name="manual.pdf", **more) -> StoredFile:
    return services.store_file(content=content, file_name=name, actor=MARIA, **more)


def on_disk(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_content_lies_under_its_hash_and_is_private(media_root):
    stored = store()
    digest = hashlib.sha256(samples.PDF).hexdigest()
    path = media_root / digest[:2] / digest[2:4] / digest
    assert (stored.sha256, stored.size_bytes, stored.media_type) == (digest, len(samples.PDF), "application/pdf")
    assert path.read_bytes() == samples.PDF
    assert path.stat().st_mode & 0o777 == 0o600
    assert on_disk(media_root) == [path]


def test_the_same_content_is_kept_once(media_root):
    assert store(name="a.pdf").pk == store(io.BytesIO(samples.PDF), name="b.pdf").pk
    assert len(on_disk(media_root)) == 1


def test_content_lost_on_disk_comes_back_with_the_next_upload():
    stored = store()
    services.path_of(stored.sha256).unlink()
    with pytest.raises(FileMissing):
        services.open_file(stored)
    store()
    assert services.open_file(stored).read() == samples.PDF


def test_too_large_is_refused_without_a_trace(media_root):
    with pytest.raises(FileTooLarge, match="larger than 1 MB"):
        store(samples.PDF + bytes(2**20), max_bytes=2**20)
    assert (on_disk(media_root), StoredFile.objects.count()) == ([], 0)


def test_a_kind_that_is_not_expected_is_refused_in_words(media_root):
    with pytest.raises(FileRefused, match="Expected here: PNG image"):
        store(allowed={"image/png"})
    assert on_disk(media_root) == []


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), name=st.text(max_size=30))
def test_any_bytes_are_kept_whole_or_refused(content, name, media_root):
    try:
        stored = store(content, name)
    except DomainError as refusal:
        assert refusal.status == 422 and refusal.sentence
        assert not services.path_of(hashlib.sha256(content).hexdigest()).exists()
    else:
        assert services.open_file(stored).read() == content


def test_files_without_a_row_are_listed_and_removed_after_a_day(media_root):
    stored = store()
    stray, fresh, unfinished = media_root / "ab/cd/abcd", media_root / "ab/cd/abce", media_root / "incoming/tmp1"
    for path in (stray, fresh, unfinished):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    old = time.time() - 2 * services.UNREFERENCED_AFTER_SECONDS
    for path in (stray, unfinished, services.path_of(stored.sha256)):
        os.utime(path, (old, old))
    assert services.unreferenced_files() == sorted([stray, unfinished])
    assert services.remove_unreferenced_files() == 2
    assert sorted(on_disk(media_root)) == sorted([fresh, services.path_of(stored.sha256)])


def test_the_invariant_names_files_that_are_gone_or_cut():
    law = next(law for law in registered() if law.code == "documents-files-present")
    kept, cut = store(), store(samples.image("PNG"), "photo.png")
    assert law.check() == (0, [])
    services.path_of(cut.sha256).write_bytes(b"")
    assert law.check() == (1, [f"{cut.sha256[:12]} ({cut.size_bytes} bytes)"])
    services.path_of(kept.sha256).unlink()
    assert law.check()[0] == 2


def test_downloads_are_inert():
    answer = inert_response(store(b"plain = <b>", "note.txt"), '../evil"\r\nX: y.txt')
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="evil_ X_ y.txt"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert b"".join(answer.streaming_content) == b"plain = <b>"
    assert answer["Content-Length"] == "11"


@pytest.mark.parametrize(
    ("content", "name", "start"),
    [
        (samples.PDF, "a.pdf", "inline"),
        (samples.image("PNG"), "a.png", "inline"),
        (samples.ZIP, "a.zip", "attachment"),
        (b"x", "a.txt", "attachment"),
    ],
)
def test_only_harmless_kinds_are_shown_inline(content, name, start):
    answer = inert_response(store(content, name), name, inline=True)
    assert answer["Content-Disposition"].startswith(start)


def test_a_row_that_claims_html_is_served_as_bytes():
    stored = store()
    stored.media_type = "text/html"
    answer = inert_response(stored, "page.html", inline=True)
    assert (answer["Content-Type"], answer["Content-Disposition"][:10]) == ("application/octet-stream", "attachment")


def test_the_nightly_job_removes_what_a_crash_left(media_root):
    stray = media_root / "ab/cd/abcd"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    old = time.time() - 2 * services.UNREFERENCED_AFTER_SECONDS
    os.utime(stray, (old, old))
    tasks.remove_unreferenced_files(timestamp=0)
    assert not stray.exists()
