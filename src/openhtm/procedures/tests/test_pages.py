"""The pages of procedures: list, procedure, editor without JavaScript, packs."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from openhtm.catalog.tests.factories import DeviceTypeFactory
from openhtm.procedures.models import Procedure, ProcedureFile, ProcedureVersion
from openhtm.procedures.rules.packs import starter_packs, write_pack
from openhtm.procedures.services import authoring
from openhtm.procedures.services.loading import export_pack, load_starter_packs
from openhtm.procedures.tests.factories import CONTENT, changed, drafted, released
from openhtm.procedures.tests.test_authoring import PNG

pytestmark = pytest.mark.django_db
NASTY = "<script>alert(1)</script>"


@pytest.fixture
def omar_client(client, omar_user):
    client.force_login(omar_user)
    return client


def text(answer):
    return answer.content.decode()


def form_of(answer):
    """What a browser would post back: every field of the draft's form as it stands."""
    html = text(answer).split('id="draft"')[1].split("</form>")[0]
    html = re.sub(r"<noscript>.*?</noscript>", "", html, flags=re.S)
    fields: dict[str, list[str]] = {}
    for tag in re.finditer(r"<input[^>]*>|<textarea.*?</textarea>|<select.*?</select>", html, re.S):
        name = re.search(r'name="([^"]+)"', tag[0])[1]
        for value in _values(tag[0]):
            fields.setdefault(name, []).append(value)
    fields.pop("s0-picture", None)
    return {name: values for name, values in fields.items() if not name.endswith("-picture")}


def _values(tag):
    if tag.startswith("<textarea"):
        return [unescape(re.search(r">(.*)</textarea>", tag, re.S)[1])]
    if tag.startswith("<select"):
        chosen = re.findall(r'<option value="([^"]*)" selected', tag) or re.findall(r'<option value="([^"]*)"', tag)[:1]
        return [unescape(chosen[0])]
    if 'type="checkbox"' in tag and " checked" not in tag:
        return []
    found = re.search(r'value="([^"]*)"', tag)
    return [unescape(found[1]) if found else ""]


def unescape(value):
    import html

    return html.unescape(value)


def test_the_editor_gives_back_what_it_was_given_for_every_shipped_procedure(omar_client, omar, lena, system):
    """Opening a draft and saving it unchanged changes nothing, whatever kind its steps are."""
    load_starter_packs(actor=system)
    kinds = set()
    for procedure in Procedure.objects.order_by("pk")[::6]:
        draft = authoring.start_draft(actor=omar, code=procedure.code)
        address = reverse("procedures:draft", args=[procedure.code])
        answer = omar_client.post(address, form_of(omar_client.get(address)) | {"do": "save"})
        assert answer.status_code == 302, (procedure.code, re.findall(r'class="problems">(.*?)</ul>', text(answer), re.S))
        saved = ProcedureVersion.objects.get(pk=draft.pk)
        assert saved.content == draft.content, procedure.code
        kinds |= {step["kind"] for step in saved.content["steps"]}
    assert {"pass_fail", "number", "choice", "consumable", "heading", "electrical_safety"} - kinds <= {"choice", "consumable", "heading"}


def test_steps_are_added_moved_copied_and_removed_by_plain_buttons(omar_client, omar):
    code = drafted(omar).procedure.code
    address = reverse("procedures:draft", args=[code])

    def press(fields, button, **more):
        answer = omar_client.post(address, fields | {"do": button} | more)
        assert answer.status_code == 200
        return form_of(answer)

    fields = press(form_of(omar_client.get(address)), "add", new_kind="choice")
    fields["s2-title"] = ["Colour of the lamp"]
    fields["s2-key"] = [""]
    fields = press(fields, "up:2")
    fields = press(fields, "copy:0")
    fields = press(fields, "remove:1")
    fields = press(fields, "kind:0", **{"s0-kind": "consumable"})
    assert "s0-part" in fields
    fields["s0-part"] = ["Battery"]
    assert omar_client.post(address, fields | {"do": "save"}).status_code == 302
    steps = ProcedureVersion.objects.get().content["steps"]
    assert [(step["key"], step["kind"]) for step in steps] == [
        ("condition", "consumable"), ("colour-of-the-lamp", "choice"), ("energy", "number"),
    ]  # fmt: skip
    assert steps[1]["options"][0] == {"code": "yes", "label": "Yes", "verdict": "pass"}


def test_a_refused_draft_keeps_what_was_typed_and_names_every_place(omar_client, omar):
    code = drafted(omar).procedure.code
    address = reverse("procedures:draft", args=[code])
    fields = form_of(omar_client.get(address)) | {"s1-low": ["a lot"], "s0-title": [""], "purpose": [NASTY]}
    answer = omar_client.post(address, fields | {"do": "save"})
    assert answer.status_code == 422
    assert "Step 2, Delivered energy at 200 J: number limit low" in text(answer)
    assert 'value="a lot"' in text(answer)
    assert NASTY not in text(answer)
    assert ProcedureVersion.objects.get().content["purpose"] == CONTENT["purpose"]


def test_a_picture_survives_a_refusal_and_is_shown_after_saving(omar_client, omar):
    code = drafted(omar).procedure.code
    address = reverse("procedures:draft", args=[code])
    fields = form_of(omar_client.get(address)) | {"s0-title": [""], "do": "save"}
    refused = omar_client.post(address, fields | {"s0-picture": SimpleUploadedFile("probe.png", PNG)})
    assert refused.status_code == 422
    fields = form_of(refused) | {"s0-title": ["Condition"], "s0-caption": ["Probe"], "do": "save"}
    assert omar_client.post(address, fields).status_code == 302
    kept = ProcedureFile.objects.select_related("file").get()
    assert (kept.file_name, kept.caption) == ("probe.png", "Probe")
    shown = omar_client.get(reverse("procedures:picture", args=[code, kept.file.sha256]))
    assert b"".join(shown.streaming_content) == PNG
    assert omar_client.get(reverse("procedures:picture", args=[code, "0" * 64])).status_code == 404


def test_the_page_offers_each_person_only_what_they_can_do(client, omar_user, lena_user, maria_user, omar, lena):
    procedure = released(omar, lena)
    authoring.start_draft(actor=omar, code=procedure.code)
    authoring.save_draft(actor=omar, code=procedure.code, content=changed(high=220), change_note=NASTY)
    authoring.submit_draft(actor=omar, code=procedure.code)
    page = reverse("procedures:procedure", args=[procedure.code])
    offered = {}
    for user in (omar_user, lena_user, maria_user):
        client.force_login(user)
        answer = text(client.get(page))
        assert NASTY not in answer
        assert "170 to 220 J" in answer
        offered[user.username] = set(re.findall(r'name="do"[^>]*value="(\w+)"|value="(\w+)"[^>]*name="do"', answer))
    names = {who: {a or b for a, b in found} for who, found in offered.items()}
    assert names == {"omar": {"send_back"}, "lena": {"send_back", "review"}, "maria": set()}
    client.force_login(lena_user)
    move = reverse("procedures:move", args=[procedure.code])
    assert client.post(move, {"do": "release"}).status_code == 302
    assert "must be reviewed" in text(client.get(page))
    client.post(move, {"do": "review"})
    client.post(move, {"do": "release"})
    assert dict(procedure.versions.values_list("number", "status")) == {1: "retired", 2: "released"}


def test_the_list_and_the_page_cost_the_same_for_one_row_and_for_thirty(omar_client, omar, lena):
    def cost(address):
        with CaptureQueriesContext(connection) as captured:
            assert omar_client.get(address).status_code == 200
        return len(captured)

    kind = DeviceTypeFactory()
    procedure = released(omar, lena, name="Procedure 0")
    authoring.set_links(actor=omar, code=procedure.code, device_types=[kind.code])
    addresses = [reverse("procedures:procedure-list"), reverse("procedures:packs"), reverse("procedures:procedure", args=[procedure.code])]
    for address in addresses:
        cost(address)
    alone = [cost(address) for address in addresses]
    for index in range(1, 30):
        code = released(omar, lena, name=f"Procedure {index}").code
        authoring.set_links(actor=omar, code=code, device_types=[kind.code])
    authoring.set_links(
        actor=omar, code=procedure.code, covers=list(Procedure.objects.exclude(pk=procedure.pk).values_list("code", flat=True))
    )
    assert [cost(address) for address in addresses] == alone


def test_the_list_is_narrowed_and_a_wrong_cursor_is_forgiven(omar_client, omar, lena):
    released(omar, lena, name="Pump: inspection")
    drafted(omar, name="Monitor: inspection")
    address = reverse("procedures:procedure-list")
    assert "Pump: inspection" in text(omar_client.get(address))
    assert "Monitor: inspection" not in text(omar_client.get(address))
    assert "Monitor: inspection" in text(omar_client.get(address, {"tab": "drafts"}))
    assert "Nothing matches" in text(omar_client.get(address, {"q": "ventilator", "cursor": "nonsense", "kind": "\0"}))


def test_packs_are_read_and_written_on_their_page(omar_client, omar):
    pack = starter_packs()[0].pack
    sent = SimpleUploadedFile("pack.yaml", write_pack(pack).encode())
    answer = omar_client.post(reverse("procedures:packs"), {"file": sent})
    assert answer.status_code == 200
    assert f"{len(pack.procedures)} new" in text(answer)
    wrong = omar_client.post(reverse("procedures:packs"), {"file": SimpleUploadedFile("pack.yaml", b"format: x\n")})
    assert wrong.status_code == 422
    assert "This is not a procedure pack this program can read" in text(wrong)


def test_a_pack_is_downloaded(omar_client, omar, lena):
    released(omar, lena)
    values = {"title": "Ours", "pack": "ours", "version": "1", "source": "North"}
    answer = omar_client.get(reverse("procedures:pack-file"), values)
    assert text(answer) == export_pack(actor=omar, pack="ours", title="Ours", version="1", source="North")
    assert omar_client.get(reverse("procedures:pack-file"), {"title": ""}).status_code == 422


def test_settings_say_what_it_is_for(omar_client, omar, lena):
    procedure, kind = released(omar, lena), DeviceTypeFactory()
    address = reverse("procedures:settings", args=[procedure.code])
    values = {
        "name": "Renamed",
        "kind": "acceptance",
        "suggested_interval_months": "6",
        "interval_source": "IFU",
        "device_types": [kind.pk],
    }
    assert omar_client.post(address, values).status_code == 302
    procedure.refresh_from_db()
    assert (procedure.name, procedure.suggested_interval_months, list(procedure.device_types.all())) == ("Renamed", 6, [kind])
    assert omar_client.post(address, values | {"name": ""}).status_code == 422


def test_a_version_is_seen_as_on_the_phone_and_printed(omar_client, omar, lena):
    procedure = released(omar, lena)
    page = text(omar_client.get(reverse("procedures:version", args=[procedure.code, 1])))
    assert "As the technician sees it" in page
    assert "Limit 170 to 230 J, IEC 60601-2-4 2010" in page
    printed = omar_client.get(reverse("procedures:print", args=[procedure.code, 1]))
    assert b"".join(printed.streaming_content).startswith(b"%PDF")
