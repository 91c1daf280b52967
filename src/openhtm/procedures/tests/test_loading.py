"""Reading packs in: the shipped ones and those of others."""

import pytest

from openhtm.catalog.services.starter import load_starter
from openhtm.core.errors import NotAllowed
from openhtm.identity.actor import Actor
from openhtm.procedures.models import Procedure, ProcedurePack, ProcedureVersion, VersionStatus
from openhtm.procedures.rules.content import content_hash, parse
from openhtm.procedures.rules.packs import Pack, PackProcedure, read_pack, starter_packs, write_pack
from openhtm.procedures.services import authoring
from openhtm.procedures.services.loading import export_pack, import_pack, load_starter_packs
from openhtm.procedures.tests.factories import CONTENT, changed, release, released

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


def test_every_shipped_procedure_is_released_and_belongs_to_its_types(django_assert_max_num_queries):
    load_starter(actor=SYSTEM)
    with django_assert_max_num_queries(30):
        done = load_starter_packs(actor=SYSTEM)
    shipped = [one for file in starter_packs() for one in file.pack.procedures]
    assert (done.read, done.created, done.kept, done.unknown_types) == (len(shipped), len(shipped), [], [])
    assert Procedure.objects.filter(source="starter", versions__status=VersionStatus.RELEASED).count() == len(shipped)
    bed = Procedure.objects.get(code="bed-electric-pm")
    assert sorted(bed.device_types.values_list("code", flat=True)) == ["bed-bariatric", "bed-hospital-electric", "bed-icu"]
    assert set(ProcedurePack.objects.values_list("sha256", flat=True)) == {file.sha256 for file in starter_packs()}


def test_loading_again_changes_nothing_and_asks_once_if_it_is_known(django_assert_num_queries):
    load_starter_packs(actor=SYSTEM)
    versions = set(ProcedureVersion.objects.values_list("pk", "status"))
    again = load_starter_packs(actor=SYSTEM)
    assert (again.created, again.updated, again.unchanged) == (0, 0, again.read)
    assert set(ProcedureVersion.objects.values_list("pk", "status")) == versions
    with django_assert_num_queries(3):  # a savepoint, the question, the end of the savepoint
        assert load_starter_packs(actor=SYSTEM, only_if_new=True).read == 0


def other_pack(**more):
    """A pack of another hospital with one procedure."""
    content = parse(CONTENT | more)
    one = PackProcedure(code="defib-energy", name="Defibrillator: energy", kind="maintenance", content=content, device_types=("no-such",))
    return write_pack(Pack(pack="riverside", title="Riverside", version="1", source="Riverside Hospital", procedures=(one,)))


def test_a_pack_of_others_waits_for_review_by_somebody_else(omar, lena):
    done = import_pack(actor=omar, data=other_pack())
    assert (done.created, done.unknown_types) == (1, ["no-such"])
    assert import_pack(actor=lena, data=other_pack()).unchanged == 1
    with pytest.raises(authoring.SamePerson):
        authoring.review_version(actor=omar, code="defib-energy")
    authoring.review_version(actor=lena, code="defib-energy")
    authoring.release_version(actor=lena, code="defib-energy")
    procedure = Procedure.objects.get()
    assert (procedure.source, procedure.locally_changed) == ("riverside", False)
    assert export_pack(actor=omar, codes=["defib-energy"]).count("Delivered energy at 200 J") == 1


def test_releasing_a_whole_pack_needs_the_right_everywhere(omar, system, heard):
    with pytest.raises(NotAllowed):
        import_pack(actor=omar, data=other_pack(), release=True)
    import_pack(actor=system, data=other_pack(), release=True)
    import_pack(actor=system, data=other_pack(purpose="Newer."), release=True)
    assert dict(ProcedureVersion.objects.values_list("number", "status")) == {1: "retired", 2: "released"}
    assert len(heard) == 2


def test_what_was_changed_here_or_is_being_written_or_is_not_theirs_stays_and_is_reported(system, omar, lena):
    import_pack(actor=system, data=other_pack(), release=True)
    authoring.start_draft(actor=omar, code="defib-energy")
    newer = other_pack(purpose="Newer.")
    assert [one.reason for one in import_pack(actor=system, data=newer).kept] == ["A draft of it is open."]
    authoring.save_draft(actor=omar, code="defib-energy", content=changed(high=220))
    release(Procedure.objects.get(), omar, lena)
    assert [one.reason for one in import_pack(actor=system, data=newer).kept] == ["It was changed here."]
    assert ProcedureVersion.objects.get(status="released").content["purpose"] == CONTENT["purpose"]


def test_a_code_or_name_of_our_own_is_not_taken_over(system, omar, lena):
    released(omar, lena, name="Defibrillator: energy")
    (kept,) = import_pack(actor=system, data=other_pack()).kept
    assert kept.reason == "Another procedure here, defibrillator-energy, has the same name."


def test_reading_back_what_was_written_gives_the_same_content(system, omar, lena):
    released(omar, lena)
    text = export_pack(actor=omar, title="Ours")
    (one,) = read_pack(text).pack.procedures
    assert content_hash(one.content) == ProcedureVersion.objects.get().content_hash
