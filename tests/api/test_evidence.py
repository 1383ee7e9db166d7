"""What was said to vendors, as the API tells it: attempts, payloads, holdings, lineage, notes."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import AuditEntryRow, ServiceChangeRow
from tests.support.api import PDF, ApiUnderTest, new_key
from tests.support.factories import plan
from tests.support.office import Office
from tests.support.records import attempt_row, effect_row

ROUTE = "/v1/service-changes"
Sessions = async_sessionmaker[AsyncSession]
ADDRESS = {
    "line1": "Personal Street 99",
    "line2": "",
    "city": "Privatville",
    "postal_code": "99999",
    "country": "US",
}
MOVE = {"kind": "change_billing_address", "details": {"billing_address": ADDRESS}}


async def got(api: ApiUnderTest, path: str, *, caller: str = "support", **query: Any) -> Any:  # noqa: ANN401 - any JSON
    """The answer to a read that is let through."""
    answer = await api.client(caller).get(f"{ROUTE}/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def tried_twice(sessions: Sessions, change_id: str) -> None:
    """A posting at billing that went through the second time."""
    async with sessions.begin() as session:
        session.add(effect_row(change_id))
        await session.flush()
        session.add(attempt_row(change_id, 1, "unavailable", "Service Unavailable"))
        session.add(attempt_row(change_id, 2, "ok", ""))


async def test_attempts_come_in_order_page_by_page_and_name_the_next_one(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted(document=PDF)
    await tried_twice(sessions, change["id"])

    first = await got(api, f"{change['id']}/attempts", limit=1)
    second = await got(api, f"{change['id']}/attempts", limit=1, cursor=first["next_cursor"])

    (failed,), (done,) = first["items"], second["items"]
    assert (failed["attempt"], failed["outcome"], failed["http_status"]) == (1, "unavailable", 503)
    assert failed["next_attempt_at"] == done["started_at"]
    assert (done["outcome"], done["next_attempt_at"]) == ("ok", None)
    assert second["next_cursor"] is None
    other = await api.client("support").get(f"{ROUTE}/{change['id']}/attempts?cursor=bm8")
    assert other.status_code == 422


async def test_an_attempt_holds_what_was_said_both_ways_for_staff_alone(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change, other = await api.accepted(document=PDF), await api.accepted(document=PDF)
    async with sessions.begin() as session:
        session.add(effect_row(change["id"]))
        await session.flush()
        row = attempt_row(change["id"], 1, "ok", "")
        row.exchanges = [
            {
                "method": "POST",
                "path": "/price_changes",
                "request_headers": {"idempotency-key": "k"},
                "request": {"billing_address": ADDRESS, "amount_minor": 5},
                "http_status": 200,
                "response": {"contact": {"email": "a@example.com"}},
            }
        ]
        session.add(row)
        await session.flush()
        attempt = row.id
    path = f"{change['id']}/attempts/{attempt}"

    (exchange,) = (await got(api, path))["exchanges"]

    assert exchange["request"]["billing_address"]["city"] == "[personal]"
    assert exchange["request"]["amount_minor"] == 5
    assert exchange["response"] == {"contact": {"email": "[personal]"}}
    assert exchange["request_headers"] == {"idempotency-key": "k"}
    portal = await api.portal.get(f"{ROUTE}/{path}")
    assert (portal.status_code, portal.json()["code"]) == (403, "forbidden")
    elsewhere = await api.operator.get(f"{ROUTE}/{other['id']}/attempts/{attempt}")
    assert elsewhere.status_code == 404


async def planned_change(api: ApiUnderTest, sessions: Sessions, **wish: Any) -> str:  # noqa: ANN401 - parts of the submission
    """A change with a plan that nobody has approved yet."""
    change = await api.accepted(wish, document=PDF)
    async with sessions.begin() as session:
        row = await session.get_one(ServiceChangeRow, change["id"])
        row.status = "awaiting_approval"
        row.plan = plan(details=change["details"]).model_dump(mode="json")
        row.plan_sha256 = "a" * 64
    return str(change["id"])


async def test_payloads_are_those_that_went_out_and_those_the_plan_would_send(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change_id = await planned_change(api, sessions)
    await tried_twice(sessions, change_id)

    items = (await got(api, f"{change_id}/payloads"))["items"]

    told = [(item["id"], item["state"], item["payload_version"], item["status"]) for item in items]
    assert told == [
        (f"{change_id}:post_billing_change:1:1", "sent", 1, "applied"),
        ("planned:post_billing_change", "planned", 2, None),
        ("planned:book_appointment", "planned", 1, None),
        ("planned:update_services", "planned", 1, None),
    ]
    assert items[0]["payload"] is None  # of the older schema: the hash alone
    assert items[3]["payload"]["add"] == ["fiber_optic"]


async def test_a_payload_that_did_not_get_through_keeps_its_version_when_it_is_planned_again(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change_id = await planned_change(api, sessions)
    planned = (await got(api, f"{change_id}/payloads"))["items"][0]
    async with sessions.begin() as session:
        effect = effect_row(change_id)
        effect.status, effect.payload_sha256 = "refused", planned["payload_sha256"]
        effect.payload, effect.vendor_reference = planned["payload"], None
        session.add(effect)

    items = (await got(api, f"{change_id}/payloads"))["items"]

    versions = {item["id"]: item["payload_version"] for item in items}
    assert versions["planned:post_billing_change"] == 1


async def test_personal_fields_are_masked_unless_an_operator_asks_which_is_on_record(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change_id = await planned_change(api, sessions, **MOVE)

    def address(answer: Any) -> Any:  # noqa: ANN401 - any JSON
        return answer["items"][0]["payload"]["billing_address"]

    masked = await got(api, f"{change_id}/payloads", caller="operator")
    shown = await got(api, f"{change_id}/payloads", caller="operator", personal="show")
    again = await got(api, f"{change_id}/payloads", caller="operator", personal="show")
    refused = await api.client("support").get(f"{ROUTE}/{change_id}/payloads?personal=show")

    assert set(address(masked).values()) == {"[personal]", ""}
    assert address(shown) == address(again) == ADDRESS
    assert masked["items"][0]["payload_sha256"] == shown["items"][0]["payload_sha256"]
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "operators and admins" in refused.json()["detail"]
    async with sessions() as session:
        entries = list(
            await session.scalars(
                select(AuditEntryRow).where(AuditEntryRow.action == "read_personal")
            )
        )
    (entry,) = entries  # the same reading a moment later is the same reading
    assert (entry.actor, entry.change_id) == ("operator", change_id)
    assert entry.facts["what"] == "planned:post_billing_change"
    assert "billing_address.city" in entry.facts["fields"]
    assert "Privatville" not in str(entry.facts)


async def test_a_change_shows_its_personal_fields_to_its_submitter_and_to_staff_on_request(
    api: ApiUnderTest,
) -> None:
    change = await api.accepted(MOVE, document=PDF)

    own = await got(api, change["id"], caller="portal")
    masked = await got(api, change["id"], caller="admin")
    shown = await got(api, change["id"], caller="admin", personal="show")

    assert own["details"] == shown["details"] == {"billing_address": ADDRESS}
    assert masked["details"]["billing_address"]["line1"] == "[personal]"


@pytest.mark.parametrize("caller", ["support", "operator"])
async def test_a_comparison_knows_that_a_masked_field_differs(
    api: ApiUnderTest, sessions: Sessions, caller: str
) -> None:
    change_id = await planned_change(api, sessions, **MOVE)
    async with sessions.begin() as session:
        effect = effect_row(change_id)
        effect.payload = {
            "account_id": "7590-VHVEG",
            "billing_address": {**ADDRESS, "city": "Elsewhere"},
            "only_left": 1,
        }
        session.add(effect)
    ids = {"left": f"{change_id}:post_billing_change:1:1", "right": "planned:post_billing_change"}

    told = await got(api, f"{change_id}/payloads/compare", caller=caller, **ids)

    fields = {field["path"]: field for field in told["fields"]}
    city = fields["billing_address.city"]
    assert (city["change"], city["left"], city["right"]) == ("changed", "[personal]", "[personal]")
    assert fields["billing_address.line1"]["change"] == "same"
    assert fields["only_left"] == {
        "path": "only_left", "change": "removed", "left": 1, "right": None,
    }  # fmt: skip
    assert told["differing"] == sum(field["change"] != "same" for field in told["fields"])
    unknown = await api.client(caller).get(
        f"{ROUTE}/{change_id}/payloads/compare", params={**ids, "left": "nobody"}
    )
    assert unknown.status_code == 404


async def test_holdings_tell_what_each_system_holds_and_what_is_on_its_way(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change_id = await planned_change(api, sessions)
    await tried_twice(sessions, change_id)
    async with sessions.begin() as session:
        (await session.get_one(ServiceChangeRow, change_id)).approved_plan_sha256 = "a" * 64
    await api.portal.post(
        f"{ROUTE}/{change_id}/documents", files={"document": ("b.pdf", PDF + b"% other")}
    )

    told = {item["system"]: item for item in await got(api, f"{change_id}/holdings")}

    billing = told["billing"]
    assert (billing["held"], billing["document_version"], billing["payload_version"]) == (
        "holds", 1, 1,
    )  # fmt: skip
    assert billing["vendor_reference"] == "il_77"
    assert [(each["document_version"], each["why"]) for each in billing["pending"]] == [
        (1, "to_be_applied"),
        (2, "pending_review"),
    ]
    assert told["crm"]["held"] == "nothing"
    assert told["ticketing"]["pending"] == []


async def test_lineage_leads_to_duplicates_both_ways(api: ApiUnderTest) -> None:
    first, second = await api.accepted(document=PDF), await api.accepted(document=PDF)

    of_first = (await got(api, f"{first['id']}/lineage"))["items"]
    of_second = (await got(api, f"{second['id']}/lineage"))["items"]

    assert [(e["kind"], e["change_id"]) for e in of_first] == [("duplicated_by", second["id"])]
    assert [(e["kind"], e["change_id"]) for e in of_second] == [("duplicate_of", first["id"])]
    assert (await api.portal.get(f"{ROUTE}/{first['id']}/lineage")).status_code == 403


async def test_the_three_kinds_of_retry_are_told_apart(office: Office) -> None:
    change_id = await office.parked_at_the_crm()
    await office.act(change_id, "retry", reason="The CRM is back.")
    await office.reaches(change_id, "active")

    entries = (await got(office.api, f"{change_id}/lineage"))["items"]
    payloads = (await got(office.api, f"{change_id}/payloads"))["items"]
    holdings = await got(office.api, f"{change_id}/holdings")

    by_kind = {entry["kind"]: entry for entry in entries}
    assert set(by_kind) == {"new_attempt", "continue"}
    assert by_kind["continue"]["actor"] == "operator"
    assert by_kind["continue"]["reason"] == "The CRM is back."
    assert "tried 2 times" in by_kind["new_attempt"]["sentence"]
    assert {item["state"] for item in payloads} == {"sent"}
    assert all(item["payload"] for item in payloads)
    assert {item["system"]: item["held"] for item in holdings} == {
        "billing": "holds", "scheduling": "holds", "crm": "holds", "ticketing": "nothing",
    }  # fmt: skip
    assert all(item["pending"] == [] for item in holdings)


async def test_a_note_is_kept_once_and_stands_in_the_timeline(api: ApiUnderTest) -> None:
    change = await api.accepted(document=PDF)
    route, key = f"{ROUTE}/{change['id']}/notes", new_key()

    first = await api.client("support").post(route, json={"text": " Rang them. "}, headers=key)
    again = await api.client("support").post(route, json={"text": " Rang them. "}, headers=key)

    assert first.status_code == again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    entries = (await got(api, f"{change['id']}/timeline"))["items"]
    (note,) = [entry for entry in entries if entry["kind"] == "note"]
    assert (note["detail"], note["actor"], note["title"]) == ("Rang them.", "support", "Note")
    assert first.json() == note


@pytest.mark.parametrize(
    ("caller", "text", "status"),
    [("portal", "Hello", 403), ("support", "  ", 422), ("support", "x" * 2001, 422)],
)
async def test_a_note_is_for_staff_and_says_something(
    api: ApiUnderTest, caller: str, text: str, status: int
) -> None:
    change = await api.accepted(document=PDF)
    answer = await api.client(caller).post(
        f"{ROUTE}/{change['id']}/notes", json={"text": text}, headers=new_key()
    )
    assert answer.status_code == status


async def test_every_field_of_another_system_carries_source_version_and_time(
    office: Office,
) -> None:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")
    (await office.act(change_id, "approve")).raise_for_status()
    await office.reaches(change_id, "active")

    found = {each["field"]: each for each in await got(office.api, f"{change_id}/fields")}

    read = {"services_held", "contract_term", "account_standing", "recurring_charge", "slot"}
    written = {"invoice_line", "order"}
    assert read | written | {"document_version"} <= set(found)
    ownership = (await office.api.operator.get("/v1/field-ownership")).json()
    owners = {each["field"]: each["owner"] for each in ownership}
    for field, each in found.items():
        assert each["source"] == owners[field]
        assert each["version"]
        assert each["at"]
        assert each["evidence"]["id"]
    assert found["services_held"]["version_kind"] == "etag"
    assert found["invoice_line"]["value"] in office.world.billing.lines
    assert (await office.api.portal.get(f"{ROUTE}/{change_id}/fields")).status_code == 403
