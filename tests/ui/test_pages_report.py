"""The page of the morning report: whether it is complete, exceptions first, then the counts."""

from typing import Any

from streamlit.testing.v1 import AppTest

from domain.service_change import Role
from tests.ui.conftest import Console
from tests.ui.stub_api import Asked, StubApi, problem

AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")


def report(console: Console, key: str, **query: str) -> AppTest:
    console.open("report", **query)
    return console.sign_in(key)


def table(page: AppTest, column: str) -> list[dict[str, Any]]:
    """The rows of the table that has this column."""
    found = next(each.value for each in (*page.table, *page.dataframe) if column in each.value)
    rows: list[dict[str, Any]] = found.to_dict("records")
    return rows


def test_what_is_missing_is_said_before_anything_else(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = report(console, key)

    assert "Not complete." in page.error[0].value
    (row,) = table(page, "Missing")
    assert row["Missing"] == "**The relay to the engine**"
    assert row["Whose work"] == "Integration engineers"
    assert row["What to do"].startswith("Start the relay")


def test_exceptions_come_in_the_order_of_the_report(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    rows = table(report(console, key), "Past their time")

    assert [next(iter(row[""])) for row in rows] == ["Must not be", "Act", "Act", "Watch"]
    assert rows[1]["Changes"] == 1204
    assert rows[1]["Past their time"] == "12"
    assert rows[0]["Oldest"] == "1 d 6 h"


def test_active_is_told_apart_from_what_is_not_proven(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = report(console, key)

    assert page.metric[0].value == "4,711"
    rows = table(page, "All kinds")
    assert (rows[0]["All kinds"], rows[0]["Add a service"]) == ("**4,711**", "4,000")
    assert "nobody approved" in rows[1]["Status"]
    assert len(rows) == 12


def test_jobs_and_what_was_not_recognised_are_told_in_words(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = report(console, key)

    assert [row["State"].split(": ")[1] for row in table(page, "Job")] == [
        "Ran late]",
        "Stopped]",
        "Not at all]",
    ]
    assert [row["What"] for row in table(page, "How often")] == [
        "Event in quarantine",
        "Forged event",
    ]
    assert "The first 1 are shown" in console.said()


def test_a_quiet_day_is_complete_and_says_so(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.SUPPORT, changes=())
    page = report(console, key)

    assert "Complete." in page.success[0].value
    for words in (
        "No exceptions",
        "Everything that came was understood",
        "It was not kept yet",
        "None yet. The schedule keeps one each morning.",
    ):
        assert words in console.said()
    (build,) = [each for each in page.button if each.label == "Build now"]
    build.click().run()
    assert world.asked == [Asked("/v1/reports/morning", None, {"day": "2026-11-25"})]
    assert "byte for byte" in console.healthy().success[0].value


def test_a_record_that_tells_another_report_is_said_aloud(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.OPERATOR)
    page = report(console, key)
    world.unsettled.add("the record")

    (compare,) = [each for each in page.button if each.label == "Compare with the record"]
    compare.click().run()

    assert "tells another report" in console.healthy().warning[0].value


def test_the_day_is_in_the_address(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    report(console, key, day="2026-11-20")

    (days,) = [each for each in console.app.dataframe if "SHA-256" in each.value]
    assert [row.split()[-1] for row in days.value["Open"]] == ["2026-11-25", "2026-11-24"]
    (build,) = [each for each in console.app.button if each.label == "Compare with the record"]
    build.click().run()
    assert "2026-11-20" in console.healthy().success[0].value


def test_a_day_to_come_says_when_to_ask_again(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = report(console, key, day="2099-01-01")

    assert "not due yet" in page.warning[0].value
    assert not page.metric


def test_a_portal_and_a_record_that_is_away_are_told_once(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.PORTAL)
    assert len(report(console, key).warning) == 1

    key, _ = stub.open_world(Role.SUPPORT, failing={"/reports/morning": AWAY})
    console.sign_in(key)
    assert "does not answer" in console.app.error[0].value
