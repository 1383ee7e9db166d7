"""One change through the real stack, judged by the vendors' own ledgers."""

from collections.abc import Iterator

import pytest

from domain.service_change import ChangeKind
from http_client import AsyncClient
from sandbox._base.accounts import bundled_accounts
from stack.batch.billing import BillingSandbox
from stack.batch.rows import BatchRow, read_batch
from stack.ports import LOOPBACK
from tests.support.journey import SIGNED, Journey
from tests.support.polling import eventually

pytestmark = pytest.mark.timeout(400)  # the first test of a run also waits for the stack to start


async def test_an_approved_change_is_done_once_in_every_system(
    journey: Journey, rows: Iterator[BatchRow]
) -> None:
    row = next(rows)
    change_id = await journey.submit(row)
    asked = await journey.reaches(change_id, "awaiting_approval")
    assert journey.done(row.account_id) == {
        "billing": {},
        "scheduling": {},
        "crm": {},
        "ticketing": {},
    }

    await journey.decide(change_id, "approve")
    change = await journey.reaches(change_id, "active")

    done = journey.done(row.account_id)
    assert done["billing"] == {"price_change_posted": 1}
    assert done["scheduling"] == {"appointment_held": 1, "appointment_confirmed": 1}
    assert (done["crm"]["order_opened"], done["crm"]["order_closed"]) == (1, 1)
    assert done["ticketing"] == {}
    (posted,) = journey.stack.ledger("billing", row.account_id)
    before, after = asked["recurring_before_minor"], asked["recurring_after_minor"]
    assert posted["amount_minor"] == after - before
    assert posted["client_reference"].startswith(change_id)
    assert posted["correlation_id"] == change["correlation_id"]
    effects = {effect["step"]: effect for effect in change["effects"]}
    assert {effect["status"] for effect in effects.values()} == {"applied"}
    assert effects["post_billing_change"]["vendor_reference"] == posted["vendor_reference"]
    assert {effect["document_version"] for effect in effects.values()} == {1}


async def test_a_change_cancelled_half_way_is_undone_where_it_was_begun(
    journey: Journey, rows: Iterator[BatchRow]
) -> None:
    row = next(rows)
    change_id = await journey.submit(row)
    await journey.reaches(change_id, "awaiting_approval")
    fault = {"kind": "status", "status": 503, "method": "POST", "path_prefix": "/", "calls": 500}
    with journey.stack.faulty("crm", **fault):
        await journey.decide(change_id, "approve")
        await eventually(
            lambda: journey.read(change_id),
            lambda seen: (seen["failure"] or {}).get("system") == "crm",
            within=60,
        )
        await journey.decide(change_id, "cancel")
    change = await journey.reaches(change_id, "cancelled")

    done = journey.done(row.account_id)
    assert done["billing"] == {"price_change_posted": 1, "price_change_reversed": 1}
    assert done["scheduling"] == {
        "appointment_held": 1,
        "appointment_confirmed": 1,
        "appointment_released": 1,
    }
    assert not {"service_added", "service_removed"} & done["crm"].keys()
    posted, reversal = journey.stack.ledger("billing", row.account_id)
    assert reversal["reverses"] == posted["vendor_reference"]
    assert reversal["amount_minor"] == -posted["amount_minor"]
    effects = {effect["step"]: effect for effect in change["effects"]}
    assert effects["post_billing_change"]["status"] == "reversed"
    assert effects["book_appointment"]["status"] == "reversed"
    assert (
        effects["reverse_billing_change"]["reverses"]
        == effects["post_billing_change"]["idempotency_key"]
    )


async def test_an_incomplete_change_goes_on_when_the_document_comes(
    journey: Journey, rows: Iterator[BatchRow]
) -> None:
    row = next(rows)
    change_id = await journey.submit(row, with_document=False)
    change = await journey.reaches(change_id, "incomplete")
    (ticket,) = change["tickets"]
    assert [item["party"] for item in change["waiting_on"]] == ["customer"]

    answer = await journey.portal.post(
        f"/v1/service-changes/{change_id}/documents", files={"document": ("order.pdf", SIGNED)}
    )
    assert (answer.status_code, answer.json()["state"]) == (201, "current")
    await journey.reaches(change_id, "awaiting_approval")
    await journey.decide(change_id, "approve")
    change = await journey.reaches(change_id, "active")

    assert [(t["reference"], t["status"]) for t in change["tickets"]] == [
        (ticket["reference"], "closed")
    ]
    done = journey.done(row.account_id)
    assert (done["ticketing"]["ticket_opened"], done["ticketing"]["ticket_closed"]) == (1, 1)
    assert done["billing"] == {"price_change_posted": 1}


async def test_a_payment_is_heard_of_though_its_webhook_was_lost(journey: Journey) -> None:
    in_batch = {row.account_id: row for row in read_batch()}
    debtor = next(
        each for each in bundled_accounts() if each.past_due and each.account_id not in in_batch
    )
    row = next(row for row in in_batch.values() if row.kind is ChangeKind.CHANGE_PAYMENT_METHOD)
    wish = {"payment_method": "Credit card (automatic)"}
    change_id = await journey.submit(
        row.model_copy(update={"account_id": debtor.account_id, "details": wish})
    )
    await journey.reaches(change_id, "incomplete")
    with journey.stack.vendor("billing") as billing:
        billing.post("/_control/webhooks", json={"withhold": 1}).raise_for_status()
    async with AsyncClient(
        base_url=f"http://{LOOPBACK}:{journey.stack.ports['billing']}", trust_env=False
    ) as http:
        key = journey.stack.settings.billing_api_key.get_secret_value()
        await BillingSandbox(http, key, patience=10).pay_what_is_overdue(
            debtor.account_id, change_id
        )

    await journey.reaches(change_id, "awaiting_approval")

    answer = await journey.operator.get("/v1/webhooks/events", params={"change_id": change_id})
    (event,) = answer.json()["items"]
    assert (event["source"], event["state"]) == ("poll", "processed")
    assert event["account_id"] == debtor.account_id
