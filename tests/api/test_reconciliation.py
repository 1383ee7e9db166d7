"""Reconciliation over the API: systems compared, differences decided, the owner's value brought."""

import dataclasses
from datetime import timedelta

import pytest
import pytest_asyncio

from domain.catalogue import Product
from domain.errors import CredentialError, OutcomeUnknownError, VendorRejectedError
from domain.identifiers import System, vendor_queue
from domain.vendor_values import BillingStanding, Standing
from tests.support.api import new_key
from tests.support.factories import ACCOUNT
from tests.support.office import Office
from tests.support.reconciler import DIFFERENCES, RUNS, TECH_SUPPORT, Reconciler
from tests.support.world import CLOSED_ACCOUNT, PAST_DUE_ACCOUNT


@pytest_asyncio.fixture
async def reconciler(office: Office) -> Reconciler:
    closed = BillingStanding(CLOSED_ACCOUNT, Standing.CLOSED, 4520, "usd")
    office.world.billing.standings[CLOSED_ACCOUNT] = closed
    return Reconciler(office)


async def applied(office: Office) -> str:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")
    await office.act(change_id, "approve")
    await office.reaches(change_id, "active")
    return change_id


async def test_systems_that_agree_have_no_difference(reconciler: Reconciler) -> None:
    await applied(reconciler.office)
    reconciler.world.clock.advance(timedelta(hours=1))

    run = await reconciler.run()

    assert run["state"] == "done"
    assert run["counts"]["accounts"] == 3
    assert run["counts"]["standing"] == 0
    assert {each["system"]: each["whole"] for each in run["systems"]} == dict.fromkeys(
        ("crm", "billing", "scheduling", "ticketing", "throughline"), True
    )
    assert await reconciler.differences() == []


async def test_a_difference_names_both_values_the_owner_and_its_age(
    reconciler: Reconciler,
) -> None:
    reconciler.sold_behind_our_back()

    run = await reconciler.run()
    found = await reconciler.only()

    assert run["counts"]["standing"] == run["counts"]["new"] == 1
    assert found["field"] == "services_held"
    assert found["owner"]["system"] == "crm"
    assert found["owner"]["value"] == "dsl, phone, tech_support"
    assert found["other"]["system"] == "billing"
    assert found["other"]["value"] == "dsl, phone"
    assert found["owner"]["read_at"]
    assert found["other"]["read_at"]
    assert (found["state"], found["explanation"], found["money"]) == ("open", None, True)
    assert found["last_run_id"] == run["id"]


async def test_the_same_difference_keeps_its_identity_from_night_to_night(
    reconciler: Reconciler,
) -> None:
    reconciler.sold_behind_our_back()
    await reconciler.run()
    first = await reconciler.only()
    reconciler.world.clock.advance(timedelta(days=1))

    run = await reconciler.run()
    second = await reconciler.only()

    assert run["counts"]["new"] == 0
    assert (second["id"], second["first_seen_at"]) == (first["id"], first["first_seen_at"])
    assert second["seen_in_runs"] == 2


async def test_what_agrees_again_ends_by_itself(reconciler: Reconciler) -> None:
    reconciler.sold_behind_our_back()
    await reconciler.run()
    reconciler.world.billing.charged[ACCOUNT] |= TECH_SUPPORT

    run = await reconciler.run()

    assert run["counts"]["agree_again"] == 1
    assert (await reconciler.only())["state"] == "agrees_again"


async def test_a_run_for_one_account_reads_and_ends_that_account_alone(
    reconciler: Reconciler,
) -> None:
    reconciler.sold_behind_our_back()
    await reconciler.run()

    run = await reconciler.run(PAST_DUE_ACCOUNT)

    assert run["counts"]["accounts"] == 1
    assert (await reconciler.only())["state"] == "open"
    assert (await reconciler.run(ACCOUNT))["counts"]["standing"] == 1


async def test_a_repair_of_money_waits_for_a_second_person_and_writes_nothing_before(
    reconciler: Reconciler,
) -> None:
    reconciler.sold_behind_our_back()
    await reconciler.run()
    found = await reconciler.only()

    proposed = (await reconciler.say(found, "repair")).json()
    own = await reconciler.say(proposed, "confirm")
    assert proposed["state"] == "repair_proposed"
    assert own.status_code == 403
    assert reconciler.world.billing.lines == {}

    confirmed = await reconciler.say(proposed, "confirm", "second_operator")
    assert confirmed.status_code == 200, confirmed.text
    done = await reconciler.repaired(found, "repaired")

    (line,) = reconciler.world.billing.lines.values()
    assert [(each.product, each.quantity) for each in line.posting.lines] == [
        (Product.TECH_SUPPORT, 1)
    ]
    (repair,) = done["repairs"]
    assert repair["status"] == "applied"
    assert repair["vendor_reference"] == line.reference
    assert repair["idempotency_key"] == line.key == f"{found['id']}:post_billing_change:0:1"
    at_billing = vendor_queue(reconciler.world.task_queue, System.BILLING)
    assert await reconciler.queues_of_repair(found) == {at_billing}, "not at billing's pace"
    assert (await reconciler.run())["counts"]["standing"] == 0


async def test_a_repair_whose_answer_is_lost_is_looked_up_and_posted_once(
    reconciler: Reconciler,
) -> None:
    reconciler.sold_behind_our_back()
    await reconciler.run()
    found = await reconciler.only()
    lost = OutcomeUnknownError(System.BILLING, "no answer")
    reconciler.world.billing.failures.plan_after("post_change", lost)

    proposed = (await reconciler.say(found, "repair")).json()
    await reconciler.say(proposed, "confirm", "second_operator")
    done = await reconciler.repaired(found, "repaired")

    assert len(reconciler.world.billing.lines) == 1
    assert done["repairs"][0]["status"] == "applied"


async def test_a_refused_repair_comes_back_with_the_vendors_words(reconciler: Reconciler) -> None:
    reconciler.sold_behind_our_back()
    await reconciler.run()
    found = await reconciler.only()
    refused = VendorRejectedError(System.BILLING, "The account is frozen.", reason="frozen")
    reconciler.world.billing.failures.plan_before("post_change", refused)

    proposed = (await reconciler.say(found, "repair")).json()
    await reconciler.say(proposed, "confirm", "second_operator")
    back = await reconciler.repaired(found, "open")

    assert "The account is frozen." in back["failure"]
    assert back["repairs"][0]["status"] == "refused"


async def test_a_repair_decided_on_values_that_have_moved_writes_nothing(
    reconciler: Reconciler,
) -> None:
    reconciler.sold_behind_our_back()
    await reconciler.run()
    found = await reconciler.only()
    reconciler.world.billing.charged[ACCOUNT] = frozenset({Product.PHONE})

    proposed = (await reconciler.say(found, "repair")).json()
    await reconciler.say(proposed, "confirm", "second_operator")
    back = await reconciler.repaired(found, "open")

    assert reconciler.world.billing.lines == {}
    assert back["failure"].startswith("Nothing was written")


async def test_what_the_owner_changed_since_we_applied_it_can_be_taken_over(
    reconciler: Reconciler,
) -> None:
    await applied(reconciler.office)
    reconciler.world.clock.advance(timedelta(hours=1))
    reconciler.sold_behind_our_back()
    reconciler.world.billing.charged[ACCOUNT] |= TECH_SUPPORT
    await reconciler.run()
    ours = await reconciler.only(system="throughline")
    assert ours["field"] == "services_held"
    assert ours["other"]["value"] == "fiber_optic, phone"

    assert (await reconciler.say(ours, "repair")).json()["state"] == "repairing"
    await reconciler.repaired(ours, "repaired")
    assert await reconciler.queues_of_repair(ours) == {reconciler.world.task_queue}

    assert (await reconciler.run())["counts"]["standing"] == 0


async def test_a_change_in_flight_explains_a_difference_and_forbids_its_repair(
    reconciler: Reconciler,
) -> None:
    office = reconciler.office
    change_id = await office.parked_at_the_crm()

    await reconciler.run(ACCOUNT)
    found = await reconciler.only(explained="true", system="billing")

    assert found["state"] == "explained"
    assert found["explanation"]["change_id"] == change_id
    refused = await reconciler.say(found, "repair")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_applicable")


async def test_a_dismissed_difference_stays_dismissed_until_its_values_move(
    reconciler: Reconciler,
) -> None:
    reconciler.sold_behind_our_back()
    await reconciler.run()
    found = await reconciler.only()
    assert (await reconciler.say(found, "dismiss")).json()["state"] == "dismissed"

    await reconciler.run()
    assert (await reconciler.only())["state"] == "dismissed"

    reconciler.world.billing.charged[ACCOUNT] = frozenset({Product.PHONE})
    await reconciler.run()
    assert (await reconciler.only())["state"] == "open"


async def test_a_system_that_cannot_be_read_leaves_the_run_incomplete_and_nothing_ends(
    reconciler: Reconciler,
) -> None:
    reconciler.sold_behind_our_back()
    await reconciler.run()
    no_credential = CredentialError(System.BILLING, "401")
    reconciler.world.billing.failures.plan_before("list_accounts", no_credential)
    reconciler.world.billing.charged[ACCOUNT] |= TECH_SUPPORT

    run = await reconciler.run()
    summary = (await reconciler.office.api.operator.get("/v1/reconciliation/summary")).json()

    assert run["state"] == "incomplete"
    (billing,) = (each for each in run["systems"] if each["system"] == "billing")
    assert "credential" in billing["why_not"]
    assert (await reconciler.only())["state"] == "open"
    assert summary["freshness"] == "incomplete"


async def test_what_the_owner_alone_may_change_elsewhere_is_not_repaired(
    reconciler: Reconciler,
) -> None:
    standings = reconciler.world.billing.standings
    standings[ACCOUNT] = dataclasses.replace(standings[ACCOUNT], standing=Standing.CLOSED)
    await reconciler.run()
    found = await reconciler.only()

    refused = await reconciler.say(found, "repair")

    assert found["field"] == "account_lifecycle"
    assert refused.status_code == 409
    assert "Only billing may change this" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("caller", "action", "status"),
    [("support", "repair", 403), ("support", "review", 200), ("portal", "review", 403)],
)
async def test_rights_are_judged_and_refusals_are_on_record(
    reconciler: Reconciler, caller: str, action: str, status: int
) -> None:
    reconciler.sold_behind_our_back()
    await reconciler.run()

    answer = await reconciler.say(await reconciler.only(), action, caller)
    audit = await reconciler.office.api.operator.get(
        "/v1/audit", params={"action": f"{action}_difference"}
    )

    assert answer.status_code == status
    (entry,) = audit.json()["items"]
    assert (entry["actor"], entry["outcome"] == "refused") == (caller, status == 403)
    assert entry["account_id"] == ACCOUNT


async def test_a_decision_about_what_has_moved_since_is_refused(reconciler: Reconciler) -> None:
    reconciler.sold_behind_our_back()
    await reconciler.run()
    found = await reconciler.only()
    await reconciler.say(found, "review", "support")

    late = await reconciler.say(found, "dismiss")

    assert (late.status_code, late.json()["code"]) == (409, "stale_approval")


async def test_one_run_at_a_time_and_a_repeat_gets_the_first_answer(idle_office: Office) -> None:
    support = idle_office.api.client("support")
    key = new_key()

    first = await support.post(RUNS, json={}, headers=key)
    again = await support.post(RUNS, json={}, headers=key)
    other = await support.post(RUNS, json={}, headers=new_key())
    forbidden = await idle_office.api.portal.post(RUNS, json={}, headers=new_key())

    assert first.status_code == again.status_code == 202
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert (other.status_code, other.json()["code"]) == (409, "not_applicable")
    assert first.json()["id"] in other.json()["detail"]
    assert forbidden.status_code == 403


async def test_lists_go_page_by_page(reconciler: Reconciler) -> None:
    for standing in list(reconciler.world.billing.standings.values()):
        charged = reconciler.world.billing.charged
        charged[standing.account_id] = charged[standing.account_id] - {Product.PHONE}
    await reconciler.run()

    first = (await reconciler.office.api.operator.get(DIFFERENCES, params={"limit": "2"})).json()
    rest = (
        await reconciler.office.api.operator.get(
            DIFFERENCES, params={"limit": "2", "cursor": first["next_cursor"]}
        )
    ).json()

    assert len(first["items"]) == 2
    assert len(rest["items"]) == 1
    assert rest["next_cursor"] is None
    ids = {each["id"] for each in first["items"] + rest["items"]}
    assert len(ids) == 3
    unknown = await reconciler.office.api.operator.get(f"{DIFFERENCES}/dif_none")
    assert unknown.status_code == 404


async def test_before_the_first_run_the_summary_says_so(idle_office: Office) -> None:
    summary = (await idle_office.api.operator.get("/v1/reconciliation/summary")).json()

    assert summary["freshness"] == "not_run"
    assert summary["next_action"]
    assert all(each["counts"] == {} for each in summary["fields"])
