"""The evidence on a change's page: reached from the answers, told whole, masked where personal."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from domain.contracts import ServiceChangeView
from domain.contracts_evidence import Held, LineageKind, PendingReason, VersionKind
from domain.service_change import ChangeStatus, Role
from support_ui.view_models import holdings, lineage, ownership
from tests.ui.conftest import Console
from tests.ui.samples import CHANGES
from tests.ui.samples_desk import ADDRESS, PARKED, revised
from tests.ui.stub_api import StubApi, World, problem

BY_STATUS = {change.status: change for change in reversed(CHANGES)}
ACTIVE = BY_STATUS[ChangeStatus.ACTIVE]
PENDING = BY_STATUS[ChangeStatus.PENDING]
AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")


def opened(
    console: Console,
    stub: StubApi,
    change: ServiceChangeView,
    tab: str,
    *,
    role: Role = Role.OPERATOR,
    **query: str,
) -> tuple[AppTest, World]:
    """A section of the page of one change."""
    key, world = stub.open_world(role, changes=[change])
    console.open("change", id=change.id, tab=tab, **query)
    return console.sign_in(key), world


def wanted(page: AppTest) -> str:
    """What was asked for, as the section about it tells it."""
    table = next(each.value for each in page.table if "Wanted" in each.value)
    return str(table["Wanted"][0]).replace("\\", "")


def said(console: Console) -> str:
    """Every word on the page without the escapes of Markdown."""
    return console.said().replace("\\", "")


def test_fields_of_other_systems_show_source_version_and_time(
    console: Console, stub: StubApi
) -> None:
    page, _ = opened(console, stub, ACTIVE, "Request and plan")
    table = next(each.value for each in page.table if "Source" in each.value)
    rows = {row["Field"]: row for row in table.to_dict("records")}
    held = rows["`services_held`"]
    assert (held["Source"], held["Value"]) == ("CRM", "dsl, phone")
    assert held["Version"] == 'Its own `"7590-VHVEG.3"`'
    assert rows["`account_standing`"]["Version"].startswith("Hash of the answer `")
    assert rows["`recurring_charge`"]["Value"] == r"\$45\.20"
    assert rows["`invoice_line`"]["Source"] == "Billing"
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d", row["As of"]) for row in rows.values())


def test_every_kind_of_a_closed_set_has_its_words() -> None:
    assert set(ownership.VERSION) == set(VersionKind)
    assert set(holdings.HELD) == set(Held)
    assert set(holdings.PENDING) == set(PendingReason)
    assert set(lineage.KIND) == set(LineageKind)


def test_an_answer_leads_to_the_attempt_it_rests_on(console: Console, stub: StubApi) -> None:
    page, _ = opened(console, stub, PARKED, "Timeline")
    page.button(key="proof.outbox.attempt:201").click().run()
    console.healthy()
    assert page.query_params["open"] == "attempt:201"
    assert page.session_state["tab"] == "Attempts"
    assert "**Post billing change, attempt 1, Billing**: ✗ Outcome unknown." in said(console)


def test_an_answer_leads_to_the_event_it_rests_on(console: Console, stub: StubApi) -> None:
    page, _ = opened(console, stub, ACTIVE, "Documents")
    page.button(key="proof.person.audit:1").click().run()
    console.healthy()
    assert page.session_state["tab"] == "Timeline"
    assert "**New → pending** `audit:1`" in said(console)
    page.button(key="open.close").click().run()
    assert "**New → pending** `audit:1`" not in said(console)


def test_an_attempt_is_told_with_request_and_answer(console: Console, stub: StubApi) -> None:
    page, _ = opened(console, stub, PARKED, "Attempts", open="attempt:202")
    assert "attempt 2, Billing" in said(console)
    (exchange,) = [each for each in page.expander if "price_changes" in each.label]
    assert exchange.label == "POST /v1/accounts/7590-VHVEG/price_changes: HTTP 504, 127 ms"
    assert [json.value for json in exchange.json]
    assert "✗ Outcome unknown" in list(page.dataframe[0].value["Outcome"])


def test_the_next_attempt_of_a_step_that_fails_is_on_screen(
    console: Console, stub: StubApi
) -> None:
    assert PARKED.failure
    failure = PARKED.failure.model_copy(update={"dead_letter": None})
    change = PARKED.model_copy(update={"failure": failure, "status": ChangeStatus.APPLYING})
    opened(console, stub, change, "Timeline")
    told = said(console)
    assert "3 tries failed; next try" in told
    assert "then a person is asked" in told


def test_a_change_nothing_was_tried_for_says_so(console: Console, stub: StubApi) -> None:
    opened(console, stub, PENDING, "Attempts")
    assert "No system has been called" in said(console)


def test_a_change_without_relations_says_so(console: Console, stub: StubApi) -> None:
    opened(console, stub, PENDING, "Lineage")
    assert "never repeated, retried, corrected" in said(console)


def test_two_payloads_stand_side_by_side_and_differ_by_sign_and_word(
    console: Console, stub: StubApi
) -> None:
    page, _ = opened(console, stub, PARKED, "Payloads")
    table = next(each.value for each in page.table if "Left" in each.value)
    rows = {field: list(row) for field, *row in table[["Field", "", "Left", "Right"]].to_numpy()}
    assert rows["`document_version`"] == ["**≠ changed**", "**1**", "**2**"]
    assert rows["`lines[1].amount_minor`"] == ["**+ only right**", "**not there**", "**250**"]
    assert rows["`billing_address.city`"][0] == "**≠ changed**"
    assert "Fresno" not in str(rows)
    assert "3 of 8 fields differ" in said(console)
    page.toggle(key="compare.every").set_value(True).run()
    table = next(each.value for each in console.healthy().table if "Left" in each.value)
    assert "= same" in list(table[""])


def test_what_is_planned_is_told_apart_from_what_went_out(console: Console, stub: StubApi) -> None:
    page, _ = opened(console, stub, PARKED, "Payloads")
    table = next(each.value for each in page.table if "Payload" in each.value)
    assert "Outcome unknown" in table["Status"][0]
    assert "Planned" in table["Status"][1]


def test_personal_fields_are_shown_on_request_and_masked_again(
    console: Console, stub: StubApi
) -> None:
    page, _ = opened(console, stub, ADDRESS, "Request and plan")
    assert wanted(page) == "[personal], [personal], [personal], [personal]"
    page.button(key="show.plan").click().run()
    assert wanted(console.healthy()) == "12 Elm St, Fresno, 93701, US"
    assert "it is on record that you have read them" in said(console)
    page.button(key="mask.plan").click().run()
    assert "12 Elm St" not in wanted(console.healthy())


def test_support_works_with_masked_fields_and_reads_why(console: Console, stub: StubApi) -> None:
    page, _ = opened(console, stub, ADDRESS, "Request and plan", role=Role.SUPPORT)
    assert page.button(key="show.plan").disabled
    assert "Operators and administrators may show them" in said(console)


def test_an_address_bar_shows_support_nothing_more(console: Console, stub: StubApi) -> None:
    page, _ = opened(console, stub, ADDRESS, "Request and plan", role=Role.SUPPORT, personal="show")
    assert "operators and admins alone" in page.warning[0].value
    assert "12 Elm St" not in wanted(page)
    assert "Which record was sent?" in said(console)


def test_each_system_says_what_it_holds_and_what_waits(console: Console, stub: StubApi) -> None:
    opened(console, stub, revised(), "Timeline")
    told = said(console)
    assert "Applied] document v1, payload v1" in told
    assert "Pending review] document v2" in told
    assert "Holds nothing" in told  # ticketing


def test_lineage_names_retries_by_their_effect_and_leads_on(
    console: Console, stub: StubApi
) -> None:
    page, _ = opened(console, stub, PARKED, "Lineage")
    told = said(console)
    for words in ("New attempt]", "Continued]", "New run]", "“Billing is back.”", "replay `rpl_1`"):
        assert words in told
    assert "Open chg_other" in [link.label for link in page.page_link]


def test_a_note_is_kept_and_shown(console: Console, stub: StubApi) -> None:
    page, world = opened(console, stub, ACTIVE, "Notes", role=Role.SUPPORT)
    assert "Nobody has written a note yet" in said(console)
    page.text_area(key=f"note.{ACTIVE.id}").set_value(" Rang them. ")
    page.button(key="send_note").click().run()
    (asked,) = world.asked
    assert asked.body == {"text": "Rang them."}
    assert asked.idempotency_key
    assert "The note is kept" in console.healthy().success[0].value
    assert "Rang them." in said(console)


def test_an_empty_note_is_not_sent(console: Console, stub: StubApi) -> None:
    page, world = opened(console, stub, ACTIVE, "Notes")
    page.button(key="send_note").click().run()
    assert console.healthy().warning[0].value == "Write the note first, then keep it."
    assert world.asked == []


@pytest.mark.parametrize(
    ("tab", "ending"),
    [("Attempts", "/attempts"), ("Payloads", "/payloads"), ("Lineage", "/lineage")],
)
def test_a_section_that_cannot_be_had_leaves_the_rest_of_the_page(
    console: Console, stub: StubApi, tab: str, ending: str
) -> None:
    key, _ = stub.open_world(Role.SUPPORT, changes=[ACTIVE], failing={ending: AWAY})
    console.open("change", id=ACTIVE.id, tab=tab)
    page = console.sign_in(key)
    assert "The database does not answer" in page.error[0].value
    assert "Which record was sent?" in said(console)


@pytest.mark.parametrize(
    ("tab", "ending"), [("Payloads", "/payloads"), ("Lineage", "/lineage"), ("Notes", "/notes")]
)
def test_who_has_no_right_to_the_evidence_reads_why(
    console: Console, stub: StubApi, tab: str, ending: str
) -> None:
    no = problem(403, "forbidden", "Not allowed", "This needs one of the roles: support.", "Ask.")
    key, _ = stub.open_world(Role.PORTAL, changes=[ACTIVE], failing={ending: no})
    console.open("change", id=ACTIVE.id, tab=tab)
    page = console.sign_in(key)
    if tab == "Notes":
        page.text_area(key=f"note.{ACTIVE.id}").set_value("Hello.")
        page.button(key="send_note").click().run()
        assert "needs one of the roles" in page.error[0].value
    else:
        assert "needs one of the roles" in page.warning[0].value
