import datetime as dt

import pytest

from openhtm.core.errors import Invalid, NotAllowed, NotFound
from openhtm.documents.services import open_file
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import AlternateNumber
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.traceability.models import FileRow, FileTest
from openhtm.traceability.services import files
from openhtm.traceability.tests.conftest import CSV, NORDLYS, PELORA, XML, instrument
from openhtm.workorders.models import Result, TesterFile, WorkOrder
from openhtm.workorders.services.results import store_results
from openhtm.workorders.tests.evidence import ChecklistFactory, result

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 29, 12, tzinfo=dt.UTC)


def receive(actor, content=NORDLYS, name="nordlys.xml", mapping=XML, **more):
    return files.receive_file(actor=actor, content=content, file_name=name, mapping=mapping, now=NOW, **more)[0]


def states(file):
    return [one.state for one in FileTest.objects.filter(file=file).order_by("position")]


def first(file):
    return FileTest.objects.filter(file=file).order_by("position").first()


def test_a_file_is_kept_as_it_came_with_its_hash(maria):
    file = receive(maria)
    with open_file(file.file) as kept:
        assert kept.read() == NORDLYS
    assert (file.mapping, file.counts["rows"], file.counts["unusable"], file.counts["skipped"]) == (XML, 8, 12, 1)


def test_every_row_is_shown_with_its_limit_before_anything_is_written(maria, checklist, analyser):
    file = receive(maria)
    test = first(file)
    assert (test.state, test.verdict, test.match) == ("ready", "fail", "control_number")
    assert (test.checklist, test.step_title, test.judged_by) == (checklist, "Electrical safety", "IEC 62353 2014")
    rows = {row.measures: row for row in test.rows.all()}
    assert rows["Protective-earth resistance"].limit == "at most 0.3 Ω (IEC 62353 2014)"
    assert [row.verdict for row in test.rows.all()] == ["pass", "pass", "pass", "pass", "pass", "fail", "pass"]
    assert not Result.objects.exists()


def test_unusable_rows_stay_in_the_list_with_column_value_and_remedy(maria):
    file = receive(maria)
    refused = FileRow.objects.filter(file=file, test__isnull=True)
    assert refused.count() == 12
    unit = next(row.problems[0] for row in refused if row.problems[0]["field"] == "unit")
    assert (unit["value"], unit["text"]) == ("furlong", "The mapping does not know the unit 'furlong'. Add it under units.")


def test_applying_stores_one_result_of_the_step_judged_here(maria, checklist, analyser):
    file = receive(maria)
    done = files.apply_file(actor=maria, uid=file.uid, now=NOW)
    stored = Result.objects.get()
    assert (done.stored, done.waiting) == (1, 1)
    assert (stored.checklist, stored.verdict, stored.tester, stored.source_file) == (checklist, "fail", analyser, file)
    assert stored.measured_at == dt.datetime(2026, 3, 28, 13, 10, tzinfo=dt.UTC)
    assert stored.detail["source"]["file"] == file.file.sha256
    assert stored.detail["source"]["rows"]["applied_part_leakage-applied_part_cf-method_direct-polarity_n"]["said"] == "fail"
    assert states(file)[0] == "stored"


def test_the_same_file_again_changes_nothing(maria, checklist, analyser):
    file = receive(maria)
    files.apply_file(actor=maria, uid=file.uid, now=NOW)
    again, new = files.receive_file(actor=maria, content=NORDLYS, file_name="copy.xml", mapping=XML)
    done = files.apply_file(actor=maria, uid=again.uid)
    assert (again, new, done.stored, done.known) == (file, False, 0, 1)
    assert (Result.objects.count(), TesterFile.objects.count()) == (1, 1)


def test_the_same_test_in_another_file_is_known(maria, checklist, analyser):
    files.apply_file(actor=maria, uid=receive(maria).uid, now=NOW)
    later = receive(maria, NORDLYS + b"\n<!-- exported again -->")
    files.apply_file(actor=maria, uid=later.uid)
    assert states(later)[0] == "repeated"
    assert Result.objects.count() == 1


def test_a_calibration_that_had_ended_on_the_day_of_measuring_costs_the_verdict(maria, checklist, north):
    instrument(north, performed_on=dt.date(2024, 9, 1), due_on=dt.date(2025, 9, 1))
    file = receive(maria)
    assert first(file).verdict in ("invalid", "fail")
    files.apply_file(actor=maria, uid=file.uid, now=NOW)
    stored = Result.objects.get()
    assert stored.verdict == "invalid"
    assert "tester_expired" in stored.review_reasons


def test_a_device_is_found_by_a_former_number(maria, north, analyser):
    device = DeviceFactory(facility=north, control_number="NEW-1")
    AlternateNumber.objects.create(device=device, kind="former", number="HC-004711", number_key="HC-004711")
    assert (first(receive(maria)).device, first(receive(maria)).match) == (device, "former_number")


def test_a_serial_number_of_two_devices_is_left_to_a_person(maria, north, analyser):
    DeviceFactory.create_batch(2, facility=north, serial_number="SN-7")
    test = FileTest.objects.filter(file=receive(maria), serial_number="SN-7").first()
    assert (test.state, test.device, len(test.candidates)) == ("device", None, 2)


def test_numbers_of_two_devices_are_left_to_a_person(maria, north, analyser, pump):
    pump.serial_number = "OTHER"
    pump.save(update_fields=["serial_number"])
    DeviceFactory(facility=north, control_number="HC-2", serial_number="SN-99-123")
    test = first(receive(maria))
    assert (test.state, test.sentence) == ("device", "The numbers in the file belong to different devices. Choose one.")


def test_a_device_of_another_facility_is_not_found(chen, maria, north, south, checklist):
    instrument(south, number="BME-T2")
    assert first(receive(chen)).state == "device"


def test_a_device_chosen_by_hand_stays_and_gets_its_order(maria, north, analyser, version):
    device = DeviceFactory(facility=north, control_number="BED-1")
    ChecklistFactory(work_order__device=device, work_order__status="open", version=version)
    file = receive(maria)
    test = files.settle_test(actor=maria, file_uid=file.uid, uid=first(file).uid, device="bed-1")
    assert (test.device, test.match, test.state) == (device, "hand", "ready")
    files.check_file(actor=maria, uid=file.uid)
    assert first(file).device == device


def test_a_test_is_set_aside_only_with_the_reason(maria):
    file = receive(maria)
    with pytest.raises(Invalid):
        files.settle_test(actor=maria, file_uid=file.uid, uid=first(file).uid, set_aside=True)
    files.settle_test(actor=maria, file_uid=file.uid, uid=first(file).uid, set_aside=True, note="Practice device")
    assert (first(file).state, first(file).settled_by_name) == ("set_aside", "Maria Reyes")
    files.settle_test(actor=maria, file_uid=file.uid, uid=first(file).uid)
    assert first(file).state == "device"


def test_where_no_order_is_open_a_safety_test_is_opened_once(maria, pump, analyser, version):
    file = receive(maria)
    assert (first(file).state, WorkOrder.objects.count()) == ("order", 0)
    [order] = files.open_orders(actor=maria, uid=file.uid, now=NOW)
    assert (order.kind, order.origin, order.device) == ("safety_test", "import", pump)
    assert first(file).state == "ready"
    assert files.open_orders(actor=maria, uid=file.uid, now=NOW) == []


def test_without_a_procedure_that_suits_the_test_is_kept(maria, pump, analyser):
    file = receive(maria)
    assert files.open_orders(actor=maria, uid=file.uid) == []
    assert "No released procedure" in first(file).sentence


def test_an_unknown_tester_is_named_by_hand(maria, checklist, north):
    instrument(north, number="BME-T9", serial="ELSE")
    file = receive(maria)
    assert first(file).state == "tester"
    files.check_file(actor=maria, uid=file.uid, tester="bme-t9")
    assert first(file).state == "ready"
    with pytest.raises(Invalid):
        files.check_file(actor=maria, uid=file.uid, tester="nobody")


def test_an_answered_step_is_not_answered_again_by_itself(maria, checklist, analyser):
    files.apply_file(actor=maria, uid=receive(maria).uid, now=NOW)
    moved = NORDLYS.replace(b"2026-03-28T14", b"2026-03-27T14")
    later = receive(maria, moved)
    assert first(later).state == "order"
    assert "has a result already" in first(later).sentence


def test_a_row_that_the_tester_failed_is_never_left_out(maria, checklist, analyser):
    odd = NORDLYS.replace(b'part="type CF"', b'part="type BF"')
    test = first(receive(maria, odd))
    assert (test.state, test.sentence[:30]) == ("rows", "The tester says fail in line 1")


def test_missing_measurements_are_named(maria, checklist, analyser):
    test = first(receive(maria, NORDLYS.replace(b">61<", b">41<").replace(b">FAIL<", b">PASS<")))
    missing = "Required measurements are missing: Applied-part leakage current: Type CF, Direct method, Reversed."
    assert (test.state, test.sentence.startswith(missing)) == ("rows", True)


def test_a_failure_is_stored_whatever_else_is_missing(maria, checklist, analyser):
    test = first(receive(maria))
    assert (test.state, test.verdict) == ("ready", "fail")
    assert "missing" in test.sentence


def test_the_csv_goes_the_same_way(maria, north):
    DeviceFactory(facility=north, control_number="HC-000815")
    file = receive(maria, PELORA, "pelora.csv", CSV)
    assert [one.asset_number for one in FileTest.objects.filter(file=file)] == ["HC-000815", "HC-000816", "HC-000816"]


@pytest.mark.parametrize("content", [b"\x00\xff" * 50, b"<a>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"<a/>" * 3])
def test_what_cannot_be_read_is_kept_and_says_so(maria, content):
    file = receive(maria, content)
    assert (file.counts["complete"], file.counts["rows"]) == (False, 0)
    assert file.problems


def test_an_empty_file_an_unknown_mapping_and_a_foreign_place_are_refused(maria, south):
    with pytest.raises(Invalid):
        receive(maria, b"")
    with pytest.raises(NotFound):
        receive(maria, mapping="nothing")
    with pytest.raises(type(south).DoesNotExist):
        receive(maria, facility_id=south.pk)


def test_a_stranger_reaches_nothing(chen, maria, checklist, analyser):
    file = receive(maria)
    with pytest.raises(TesterFile.DoesNotExist):
        files.apply_file(actor=chen, uid=file.uid)
    assert not TesterFile.objects.visible_to(chen).exists()


def test_a_reader_may_not_write(north, maria):
    with pytest.raises(NotAllowed):
        receive(actor_of(UserFactory.with_role(Role.SURVEYOR, north)))


def test_checking_costs_the_same_for_one_and_for_thirty(maria, north, version, analyser, django_assert_max_num_queries):
    def many(count):
        devices = DeviceFactory.create_batch(count, facility=north)
        for device in devices:
            ChecklistFactory(work_order__device=device, work_order__status="open", version=version)
        parts = NORDLYS.split(b"<nl:Device>")
        body = b"".join(
            b"<nl:Device>" + parts[1].replace(b"HC-004711", one.control_number.encode()).replace(b"SN-99-123", b"") for one in devices
        )
        return parts[0] + body + b"</nl:Export>"

    alone, crowd = receive(maria, many(1)), receive(maria, many(30))
    with django_assert_max_num_queries(40) as of_one:
        files.check_file(actor=maria, uid=alone.uid)
    with django_assert_max_num_queries(len(of_one)):
        files.check_file(actor=maria, uid=crowd.uid)
    assert set(states(crowd)) == {"ready"}
    assert files.apply_file(actor=maria, uid=crowd.uid, now=NOW).stored == 30


def test_a_result_typed_meanwhile_keeps_the_file_waiting(maria, checklist, analyser):
    file = receive(maria)
    store_results(actor=maria, items=[result(checklist, "safety", None, skip="skipped", text="No analyser today")])
    files.apply_file(actor=maria, uid=file.uid, now=NOW)
    assert first(file).state == "order"


def second_test(maria, pump):
    """The file of a day, stored, and another one of the same device and time with other readings."""
    files.apply_file(actor=maria, uid=receive(maria).uid, now=NOW)
    return receive(maria, NORDLYS.replace(b">61<", b">64<"))


def test_other_readings_of_the_same_time_wait_for_a_person(maria, checklist, analyser, pump):
    later = second_test(maria, pump)
    test = first(later)
    assert (test.state, "with other readings" in test.sentence, test.result) == ("again", True, None)
    assert files.apply_file(actor=maria, uid=later.uid, now=NOW).stored == 0
    assert first(later).state == "again"


def test_a_second_test_of_the_same_time_becomes_a_result_of_its_own(maria, checklist, analyser, pump, version):
    later = second_test(maria, pump)
    test = files.settle_test(actor=maria, file_uid=later.uid, uid=first(later).uid, own_test=True)
    assert test.state == "order"
    files.open_orders(actor=maria, uid=later.uid, now=NOW)
    assert files.apply_file(actor=maria, uid=later.uid, now=NOW).stored == 1
    assert Result.objects.filter(device=pump, measured_at=test.measured_at).count() == 2
    files.check_file(actor=maria, uid=later.uid)
    assert first(later).state == "stored"


def test_a_test_taken_as_known_is_reopened_by_hand(maria, checklist, analyser, pump):
    files.apply_file(actor=maria, uid=receive(maria).uid, now=NOW)
    later = receive(maria, NORDLYS + b"\n<!-- the same readings, measured once more -->")
    assert first(later).state == "repeated"
    test = files.settle_test(actor=maria, file_uid=later.uid, uid=first(later).uid, own_test=True)
    assert (test.state, test.result) == ("order", None)
    aside = files.settle_test(actor=maria, file_uid=later.uid, uid=test.uid, set_aside=True, note="Exported twice")
    assert aside.state == "set_aside"


def test_what_is_stored_is_not_reopened(maria, checklist, analyser):
    file = receive(maria)
    files.apply_file(actor=maria, uid=file.uid, now=NOW)
    with pytest.raises(files.TestSettled):
        files.settle_test(actor=maria, file_uid=file.uid, uid=first(file).uid, own_test=True)


def test_an_order_chosen_by_hand_is_never_replaced(maria, chen, north, south, pump, version, checklist, analyser):
    other = ChecklistFactory(work_order__device=pump, work_order__kind="safety_test", work_order__status="open", version=version)
    file = receive(maria)
    files.settle_test(actor=maria, file_uid=file.uid, uid=first(file).uid, order=other.work_order.number)
    files.check_file(actor=maria, uid=file.uid)
    assert (first(file).checklist, first(file).state) == (other, "ready")
    WorkOrder.objects.filter(pk=other.work_order_id).update(status="completed", completed_at=NOW)
    files.check_file(actor=maria, uid=file.uid)
    assert (first(file).checklist, first(file).state) == (other, "order")
    assert "chosen by hand" in first(file).sentence
    assert (files.open_orders(actor=maria, uid=file.uid, now=NOW), files.apply_file(actor=maria, uid=file.uid, now=NOW).stored) == ([], 0)
    WorkOrder.objects.filter(pk=other.work_order_id).update(status="open")
    files.check_file(actor=maria, uid=file.uid)
    assert (first(file).checklist, first(file).state) == (other, "ready")


def test_a_check_that_stops_before_the_order_keeps_the_choice(maria, pump, version, checklist, analyser):
    other = ChecklistFactory(work_order__device=pump, work_order__kind="safety_test", work_order__status="open", version=version)
    file = receive(maria)
    files.settle_test(actor=maria, file_uid=file.uid, uid=first(file).uid, order=other.work_order.number)
    analyser.active = False
    analyser.save(update_fields=["active"])
    files.check_file(actor=maria, uid=file.uid)
    assert first(file).state == "tester"
    analyser.active = True
    analyser.save(update_fields=["active"])
    files.check_file(actor=maria, uid=file.uid)
    assert (first(file).checklist, first(file).state) == (other, "ready")
