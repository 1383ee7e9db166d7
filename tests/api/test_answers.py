"""The support answers and the timeline of one change, from what is on record."""

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import CheckRow, EffectRow, ServiceChangeRow, TicketRow
from tests.support.api import PDF, ApiUnderTest, new_key
from tests.support.clock import START
from tests.support.records import attempt_row, effect_row

ROUTE = "/v1/service-changes"
Sessions = async_sessionmaker[AsyncSession]


async def test_the_answers_name_their_evidence(api: ApiUnderTest, sessions: Sessions) -> None:
    change = await api.accepted(document=PDF)
    sha256 = change["document_versions"][0]["sha256"]
    async with sessions.begin() as session:
        session.add(effect_row(change["id"]))
        await session.flush()
        session.add(attempt_row(change["id"], 1, "unavailable", "Service Unavailable"))
        session.add(attempt_row(change["id"], 2, "ok", ""))

    answers = (await api.portal.get(f"{ROUTE}/{change['id']}/answers")).json()

    key = f"{change['id']}:post_billing_change:1:1"
    (sent,) = answers["sent"]
    assert (sent["system"], sent["vendor_reference"]) == ("billing", "il_77")
    assert sent["evidence"][0] == {"kind": "effect", "id": key}
    assert [evidence["kind"] for evidence in sent["evidence"]] == ["effect", "attempt", "attempt"]
    (version,) = answers["payload_version"]
    assert (version["document_version"], version["document_sha256"]) == (1, sha256)
    (retried,) = answers["retried"]
    told = (retried["step"], retried["attempts"], retried["failed"])
    assert told == ("post_billing_change", 2, 1)
    assert answers["rejected_by"] is None
    assert answers["succeeded"]["succeeded"] is None
    assert answers["started_by"]["actor"] == "portal"
    assert answers["started_by"]["actor_kind"] == "service"
    may = {answer["action"]: answer["caller"] for answer in answers["may_act"]}
    assert may["cancel"]["allowed"] is True
    assert may["approve"]["allowed"] is False
    assert "operator" in may["approve"]["reason"]


async def test_the_answers_say_who_said_no_in_its_own_words(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted()
    async with sessions.begin() as session:
        refused = attempt_row(change["id"], 1, "refused", "Card declined by the issuer")
        refused.effect_key = None
        session.add(refused)

    answers = (await api.portal.get(f"{ROUTE}/{change['id']}/answers")).json()

    assert answers["rejected_by"]["system"] == "billing"
    assert answers["rejected_by"]["words"] == "Card declined by the issuer"
    assert answers["rejected_by"]["evidence"][0]["kind"] == "attempt"


async def test_a_timeline_is_in_order_and_shows_exchanges_to_staff_alone(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted()
    async with sessions.begin() as session:
        session.add(effect_row(change["id"]))
        await session.flush()
        session.add(attempt_row(change["id"], 1, "unavailable", "Service Unavailable"))
        session.add(attempt_row(change["id"], 2, "ok", ""))

    seen = {}
    for caller in ("portal", "support"):
        page = (await api.client(caller).get(f"{ROUTE}/{change['id']}/timeline")).json()
        seen[caller] = page["items"]

    times = [entry["at"] for entry in seen["support"]]
    assert times == sorted(times)
    assert {entry["kind"] for entry in seen["support"]} == {"status", "attempt"}
    tried = [entry for entry in seen["support"] if entry["kind"] == "attempt"]
    assert [entry["duration_ms"] for entry in tried] == [250, 250]
    assert all(entry["facts"]["exchanges"] for entry in tried)
    hidden = [entry for entry in seen["portal"] if entry["kind"] == "attempt"]
    assert [entry["facts"]["exchanges"] for entry in hidden] == [[], []]


async def test_the_latest_round_of_each_check_and_every_ticket_is_shown(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted()

    def check(round_: int, outcome: str) -> CheckRow:
        return CheckRow(
            change_id=change["id"],
            round=round_,
            name="standing",
            system="billing",
            outcome=outcome,
            code="past_due",
            detail="An invoice is past due.",
            facts={},
            at=START,
        )

    async with sessions.begin() as session:
        session.add_all([check(1, "blocked"), check(10, "passed"), check(2, "blocked")])
        session.add(
            TicketRow(
                change_id=change["id"],
                reference="T-1",
                subject="Missing",
                status="open",
                opened_at=START,
            )
        )

    body = (await api.portal.get(f"{ROUTE}/{change['id']}")).json()

    assert [(check["name"], check["outcome"]) for check in body["checks"]] == [
        ("standing", "passed")
    ]
    assert [ticket["reference"] for ticket in body["tickets"]] == ["T-1"]


async def test_the_answers_say_what_is_safe_to_retry_and_why(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted(document=PDF)
    async with sessions.begin() as session:
        effect = effect_row(change["id"])
        effect.status, effect.in_doubt, effect.closed_at = "unknown", 1, None
        session.add(effect)
        await session.flush()
        session.add(attempt_row(change["id"], 1, "outcome_unknown", "connection reset"))

    route = f"{ROUTE}/{change['id']}/answers"
    (can_be_asked,) = (await api.portal.get(route)).json()["safe_to_retry"]
    async with sessions.begin() as session:
        (await session.get_one(EffectRow, effect.idempotency_key)).repeatability = "neither"
    (cannot,) = (await api.portal.get(route)).json()["safe_to_retry"]

    assert (can_be_asked["step"], can_be_asked["system"]) == ("post_billing_change", "billing")
    assert (can_be_asked["verdict"], can_be_asked["safe"]) == ("unknown", True)
    assert [evidence["kind"] for evidence in can_be_asked["evidence"]] == ["effect", "attempt"]
    assert (cannot["verdict"], cannot["safe"]) == ("unknown", False)
    assert "a person finds out" in cannot["sentence"]


async def test_support_retries_what_is_safe_and_nothing_else(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted(document=PDF)
    async with sessions.begin() as session:
        effect = effect_row(change["id"])
        effect.status, effect.repeatability, effect.closed_at = "unknown", "neither", None
        session.add(effect)
        (await session.get_one(ServiceChangeRow, change["id"])).status = "needs_attention"

    answer = await api.client("support").post(
        f"{ROUTE}/{change['id']}/actions/retry", json={"reason": "Again."}, headers=new_key()
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "post_billing_change at billing" in answer.json()["detail"]
    refusals = (await api.operator.get("/v1/audit", params={"action": "retry"})).json()["items"]
    assert [entry["outcome"] for entry in refusals] == ["refused"]
