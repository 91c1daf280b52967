"""Reading packs in: the shipped ones and those of others."""

import pytest

from openhtm.catalog.services.starter import load_starter
from openhtm.identity.actor import Actor
from openhtm.procedures.models import Procedure, ProcedurePack, ProcedureVersion, VersionStatus
from openhtm.procedures.rules.packs import starter_packs
from openhtm.procedures.services.loading import load_starter_packs

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
