"""From draft to release: who may do what, and what never changes."""

import threading

import pytest
from django.db import ProgrammingError, connection, transaction

from openhtm.core.errors import Conflict, Invalid, NotAllowed
from openhtm.procedures.models import Procedure, ProcedureFile, ProcedureVersion, VersionStatus
from openhtm.procedures.services import authoring
from openhtm.procedures.tests.factories import CONTENT, changed, drafted, release, released

pytestmark = pytest.mark.django_db
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


def statuses(procedure):
    return dict(procedure.versions.values_list("number", "status"))


def test_a_procedure_goes_from_draft_to_release_by_two_people(omar, lena, heard):
    procedure = released(omar, lena)
    version = procedure.versions.get()
    assert (version.status, version.drafted_by_id, version.reviewed_by_id) == (VersionStatus.RELEASED, omar.user_id, lena.user_id)
    assert (version.released_by_id, version.est_min, version.content["steps"][1]["key"]) == (lena.user_id, 30, "energy")
    assert [(one.procedure_id, one.version_id) for one in heard] == [(procedure.pk, version.pk)]


def test_a_name_that_cannot_be_printed_is_refused_at_its_field(omar):
    with pytest.raises(Invalid) as refused:
        authoring.add_procedure(actor=omar, name="Bed\x91 check")
    assert list(refused.value.errors) == ["name"] and "Remove them" in refused.value.errors["name"][0]
    assert not Procedure.objects.filter(name__startswith="Bed").exists()


def test_a_new_version_retires_the_old_one_whose_content_stays(omar, lena):
    procedure = released(omar, lena)
    first = procedure.versions.get()
    draft = authoring.start_draft(actor=omar, code=procedure.code)
    assert draft.content == first.content
    assert authoring.start_draft(actor=lena, code=procedure.code).pk == draft.pk
    authoring.save_draft(actor=omar, code=procedure.code, content=changed(high=220), change_note="Narrower.")
    release(procedure, omar, lena)
    assert statuses(procedure) == {1: "retired", 2: "released"}
    assert ProcedureVersion.objects.get(pk=first.pk).content == first.content


def test_nobody_reviews_what_they_wrote_on_even_when_another_wrote_last(omar, lena, system):
    procedure = drafted(omar).procedure
    authoring.save_draft(actor=lena, code=procedure.code, content=changed(high=220))
    authoring.submit_draft(actor=lena, code=procedure.code)
    for writer in (omar, lena):
        with pytest.raises(authoring.SamePerson):
            authoring.review_version(actor=writer, code=procedure.code)
    assert procedure.versions.get().reviewed_at is None


def test_what_was_not_reviewed_is_not_released_and_sending_back_voids_a_review(omar, lena):
    procedure = drafted(omar).procedure
    authoring.submit_draft(actor=omar, code=procedure.code)
    with pytest.raises(authoring.NotReviewed):
        authoring.release_version(actor=lena, code=procedure.code)
    authoring.review_version(actor=lena, code=procedure.code)
    authoring.send_back(actor=lena, code=procedure.code)
    authoring.submit_draft(actor=omar, code=procedure.code)
    with pytest.raises(authoring.NotReviewed):
        authoring.release_version(actor=lena, code=procedure.code)


def test_every_problem_is_named_by_its_path_and_nothing_is_stored(omar):
    draft = drafted(omar)
    wrong = changed(low=300) | {"est_minutes": 0}
    wrong["steps"][0] = {"key": "A B", "kind": "pass_fail", "title": ""}
    with pytest.raises(Invalid) as refusal:
        authoring.save_draft(actor=omar, code=draft.procedure.code, content=wrong)
    assert set(refusal.value.errors) == {"est_minutes", "steps[0].key", "steps[0].title", "steps[1].number.limit.low"}
    assert ProcedureVersion.objects.get().content_hash == draft.content_hash


def test_a_key_keeps_its_meaning_and_two_writers_do_not_overwrite_each_other(omar, lena):
    procedure = released(omar, lena)
    draft = authoring.start_draft(actor=omar, code=procedure.code)
    other = {"steps": [{"key": "energy", "kind": "text", "title": "Energy"}], "purpose": "x"}
    with pytest.raises(Invalid, match="energy was number in energy before and is now text"):
        authoring.save_draft(actor=omar, code=procedure.code, content=other)
    authoring.save_draft(actor=omar, code=procedure.code, content=changed(high=220), based_on=draft.content_hash)
    with pytest.raises(Conflict):
        authoring.save_draft(actor=lena, code=procedure.code, content=changed(high=210), based_on=draft.content_hash)


def test_pictures_belong_to_the_procedure_and_go_with_its_versions(omar, lena):
    draft = drafted(omar)
    sha = authoring.keep_picture(actor=omar, file_name="probe.png", content=PNG)
    content = CONTENT | {"steps": [CONTENT["steps"][0] | {"images": [{"sha256": sha, "caption": "Probe"}]}, CONTENT["steps"][1]]}
    with pytest.raises(Invalid) as refusal:
        authoring.save_draft(actor=omar, code=draft.procedure.code, content=content)
    assert set(refusal.value.errors) == {"steps[0].images"}
    authoring.save_draft(actor=omar, code=draft.procedure.code, content=content, pictures={sha: "probe.png"})
    release(draft.procedure, omar, lena)
    copy = authoring.start_draft(actor=lena, code=draft.procedure.code)
    assert list(ProcedureFile.objects.filter(version=copy).values_list("file_name", "caption")) == [("probe.png", "Probe")]


@pytest.mark.parametrize("change", [{"content": {}, "content_hash": "0" * 64}, {"content_hash": "1" * 64}])
def test_the_database_itself_keeps_released_content(omar, lena, change):
    version = released(omar, lena).versions.get()
    with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
        ProcedureVersion.objects.filter(pk=version.pk).update(**change)
    with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
        version.delete()
    assert ProcedureVersion.objects.get(pk=version.pk).content == version.content


def test_retiring_and_coming_back(omar, lena, maria):
    procedure = released(omar, lena)
    with pytest.raises(NotAllowed):
        authoring.retire_procedure(actor=maria, code=procedure.code)
    assert not authoring.retire_procedure(actor=omar, code=procedure.code).active
    assert statuses(procedure) == {1: "retired"}
    authoring.start_draft(actor=omar, code=procedure.code)
    release(procedure, omar, lena)
    procedure.refresh_from_db()
    assert (statuses(procedure), procedure.active) == ({1: "retired", 2: "released"}, True)


def test_a_discarded_first_draft_takes_its_procedure_along(omar):
    authoring.discard_draft(actor=omar, code=drafted(omar).procedure.code)
    assert not Procedure.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_release_at_once_one_succeeds_and_the_other_is_told(omar, lena):
    procedure = drafted(omar).procedure
    authoring.submit_draft(actor=omar, code=procedure.code)
    authoring.review_version(actor=lena, code=procedure.code)
    said, start = [], threading.Barrier(2)

    def attempt(actor):
        start.wait(timeout=30)
        try:
            authoring.release_version(actor=actor, code=procedure.code)
            said.append("released")
        except authoring.WrongStage as refusal:
            said.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(one,)) for one in (omar, lena)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=60)
    assert sorted(said) == ["procedure-wrong-stage", "released"]
    assert statuses(procedure) == {1: "released"}
