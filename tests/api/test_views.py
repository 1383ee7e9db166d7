"""Saved views: kept, shared, changed by whom they belong to; and alerts on what they hold."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import ServiceChangeRow
from domain.announcements import Announcement
from domain.errors import NoticeError
from domain.permissions import ACTION_RULES, Situation
from domain.service_change import ChangeStatus
from tests.support.api import ApiUnderTest
from tests.support.clock import Clock
from worker.view_alerts import ViewAlerts

ROUTE = "/v1/views"
Sessions = async_sessionmaker[AsyncSession]
PENDING: dict[str, Any] = {
    "page": "changes",
    "name": "Just in",
    "filters": {"status": ["pending"], "submitted_at": ["gte:now-7d"]},
}


async def kept(api: ApiUnderTest, caller: str = "support", **values: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a view
    answer = await api.client(caller).post(ROUTE, json=PENDING | values)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def names(api: ApiUnderTest, caller: str, **query: str) -> list[str]:
    answer = await api.client(caller).get(ROUTE, params=query)
    return [view["name"] for view in answer.json()["items"]]


async def trail(api: ApiUnderTest) -> list[tuple[str, str, str]]:
    answer = await api.client("support").get("/v1/audit")
    return [
        (entry["actor"], entry["action"], entry["outcome"]) for entry in answer.json()["items"]
    ][::-1]


async def test_a_view_is_ones_own_until_it_is_shared(api: ApiUnderTest) -> None:
    view = await kept(api)
    assert (await names(api, "support"), await names(api, "operator")) == (["Just in"], [])
    assert (await api.operator.get(f"{ROUTE}/{view['id']}")).status_code == 404

    answer = await api.client("support").patch(f"{ROUTE}/{view['id']}", json={"shared": True})

    assert answer.json()["filters"] == PENDING["filters"]
    assert await names(api, "operator", page="changes") == ["Just in"]
    assert await names(api, "operator", page="audit") == []
    seen = (await api.operator.get(f"{ROUTE}/{view['id']}")).json()
    assert (seen["owner"], seen["may_edit"]) == ("support", False)


async def test_a_view_is_changed_and_deleted_by_its_owner_and_by_admins(
    api: ApiUnderTest,
) -> None:
    view = await kept(api, shared=True)
    place = f"{ROUTE}/{view['id']}"

    refused = await api.operator.patch(place, json={"name": "Mine"})
    gone = await api.operator.delete(place)
    renamed = await api.client("admin").patch(place, json={"name": "Newly submitted"})
    deleted = await api.client("support").delete(place)

    assert (refused.status_code, gone.status_code) == (403, 403)
    assert "belongs to support" in refused.json()["detail"]
    assert renamed.json()["name"] == "Newly submitted"
    assert deleted.status_code == 204
    assert await names(api, "support") == []
    assert await trail(api) == [
        ("support", "keep_view", "done"),
        ("operator", "change_view", "refused"),
        ("operator", "delete_view", "refused"),
        ("admin", "change_view", "done"),
        ("support", "delete_view", "done"),
    ]


async def test_a_change_of_a_view_is_on_record_before_and_after(api: ApiUnderTest) -> None:
    view = await kept(api)
    for _ in range(2):  # the second says nothing new
        await api.client("support").patch(f"{ROUTE}/{view['id']}", json={"alert_above": 5})

    answer = await api.client("support").get("/v1/audit", params={"action": "change_view"})

    (entry,) = answer.json()["items"]
    assert entry["facts"]["alert_above"] == {"before": None, "after": 5}


async def test_a_name_is_ones_own_and_once_among_the_shared(api: ApiUnderTest) -> None:
    first = await kept(api, shared=True)
    assert (await kept(api, shared=True))["id"] == first["id"]

    other = await api.client("support").post(ROUTE, json=PENDING | {"filters": {}})
    shared = await api.operator.post(ROUTE, json=PENDING | {"shared": True})
    own = await kept(api, caller="operator")
    later = await api.operator.patch(f"{ROUTE}/{own['id']}", json={"shared": True})

    for answer in (other, shared, later):
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"filters": {"status": ["finished"]}}, "filters.status.0"),
        ({"filters": {"colour": "red"}}, "filters.colour"),
        ({"filters": {"submitted_at": ["gte:soon"]}}, "filters.submitted_at.0"),
        ({"page": "audit"}, "filters.status"),
        ({"name": "two\nlines"}, "name"),
        ({"name": ""}, "name"),
        ({"alert_above": -1}, "alert_above"),
    ],
)
async def test_a_view_that_makes_no_sense_is_refused_by_field(
    api: ApiUnderTest, body: dict[str, Any], field: str
) -> None:
    answer = await api.operator.post(ROUTE, json=PENDING | body)

    assert answer.status_code == 422, answer.text
    assert field in [problem["field"] for problem in answer.json()["errors"]]


@pytest.mark.parametrize("caller", ["portal", "partner"])
async def test_views_are_for_staff(api: ApiUnderTest, caller: str) -> None:
    assert (await api.client(caller).get(ROUTE)).status_code == 403
    assert (await api.client(caller).post(ROUTE, json=PENDING)).status_code == 403


class Channel:
    """Hears of views; may be away."""

    channel = "mail"

    def __init__(self) -> None:
        self.heard: list[Announcement] = []
        self.away = False

    async def tell(self, told: Announcement) -> None:
        if self.away:
            raise NoticeError("mail server: away")
        self.heard.append(told)

    @property
    def told(self) -> list[str]:
        return [
            f"{told.kind.removeprefix('view_alert.')} {told.facts['held']} > {told.facts['above']}"
            for told in self.heard
        ]


async def decided(sessions: Sessions, change: dict[str, Any], status: str) -> None:
    async with sessions.begin() as session:
        (await session.get_one(ServiceChangeRow, change["id"])).status = status


async def test_an_alert_is_told_once_per_crossing_and_resolved_when_it_is_over(
    api: ApiUnderTest, sessions: Sessions, clock: Clock
) -> None:
    channel = Channel()
    alerts = ViewAlerts(sessions, [channel], clock)
    view = await kept(api, filters={"status": ["pending"]}, alert_above=1)
    one = await api.accepted({"account_id": "0001-ALERT"})
    await alerts.look()
    assert channel.told == []

    await api.accepted({"account_id": "0002-ALERT"})
    await alerts.look()
    await alerts.look()
    assert channel.told == ["opened 2 > 1"]
    assert channel.heard[0].path == f"find?view={view['id']}"
    seen = (await api.client("support").get(f"{ROUTE}/{view['id']}")).json()
    assert (seen["held"], seen["alert"]["resolved_at"]) == (2, None)

    await decided(sessions, one, "cancelled")
    await alerts.look()
    await alerts.look()
    assert channel.told == ["opened 2 > 1", "resolved 2 > 1"]
    seen = (await api.client("support").get(f"{ROUTE}/{view['id']}")).json()
    assert (seen["held"], seen["alert"]["resolved_at"] is not None) == (1, True)

    await decided(sessions, one, "pending")
    await alerts.look()
    assert channel.told[2:] == ["opened 2 > 1"]
    assert len({notice.id for notice in channel.heard}) == 3
    assert [each[1] for each in await trail(api) if each[0] == "views"] == [
        "view_alert_opened",
        "view_alert_resolved",
        "view_alert_opened",
    ]


async def test_an_alert_that_could_not_be_told_is_told_later(
    api: ApiUnderTest, sessions: Sessions, clock: Clock
) -> None:
    channel = Channel()
    alerts = ViewAlerts(sessions, [channel], clock)
    await kept(api, filters={}, alert_above=0)
    await api.accepted()
    channel.away = True
    await alerts.look()
    channel.away = False
    await alerts.look()
    await alerts.look()

    assert channel.told == ["opened 1 > 0"]


async def test_an_alert_nobody_wants_any_longer_ends_in_silence(
    api: ApiUnderTest, sessions: Sessions, clock: Clock
) -> None:
    channel = Channel()
    alerts = ViewAlerts(sessions, [channel], clock)
    view = await kept(api, filters={}, alert_above=0)
    await api.accepted()
    await alerts.look()
    answer = await api.client("support").patch(f"{ROUTE}/{view['id']}", json={"alert_above": None})
    await alerts.look()

    assert answer.json()["alert"]["resolved_at"]
    assert channel.told == ["opened 1 > 0"]


@pytest.mark.parametrize(
    ("page", "filters", "held"),
    [("audit", {"action": ["submit"], "at": ["gte:now-1h"]}, 1), ("dead_letters", {}, 0)],
)
async def test_every_page_can_be_watched(
    api: ApiUnderTest, sessions: Sessions, page: str, filters: dict[str, Any], held: int
) -> None:
    view = await kept(api, page=page, filters=filters, alert_above=10)
    await api.accepted()
    await ViewAlerts(sessions, [], api.parts.clock).look()

    seen = (await api.client("support").get(f"{ROUTE}/{view['id']}")).json()
    assert seen["held"] == held


async def test_rights_are_told_for_every_role_and_action(api: ApiUnderTest) -> None:
    rights = {row["right"]: row for row in (await api.portal.get("/v1/permissions")).json()}

    cancel = {each["role"]: each for each in rights["cancel"]["roles"]}
    assert cancel["portal"] == {
        "role": "portal",
        "allowed": True,
        "condition": "Their own changes, before approval.",
    }
    assert not cancel["support"]["allowed"]
    assert rights["skip"]["second_person"] == "Always."
    assert rights["approve"]["statuses"] == ["awaiting_approval"]
    assert {"submit", "export", "show_personal", "keep_views"} <= set(rights)


def test_what_is_said_of_a_second_person_agrees_with_the_rule() -> None:
    for action, rule in ACTION_RULES.items():
        worst = Situation(ChangeStatus.NEEDS_ATTENTION, "portal", billed=True)
        assert rule.second_person(worst) == bool(rule.second_person_when), action
