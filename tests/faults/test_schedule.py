"""One seed is one schedule, and a long schedule leaves nothing out."""

import itertools
import json
from collections import Counter

from tests.faults.catalogue import COMPONENTS, CRASH_POINTS, VENDOR_FAULTS, Family, WebhookTrick
from tests.faults.schedule import KILL_EVERY, Play, Schedule, chaos, pairwise


def text(schedule: Schedule) -> str:
    return json.dumps(schedule.as_json(), sort_keys=True)


def test_the_same_seed_gives_the_same_schedule_a_hundred_times() -> None:
    for seed in range(100):
        twice = [text(chaos(seed, changes=60, seconds=120)) for _ in range(2)]
        assert twice[0] == twice[1]
        assert text(pairwise(seed, changes=6, seconds=8)) == text(
            pairwise(seed, changes=6, seconds=8)
        )


def test_other_seeds_give_other_schedules() -> None:
    assert len({text(chaos(seed, changes=60, seconds=120)) for seed in range(100)}) == 100


def test_kills_come_as_often_as_they_should() -> None:
    schedule = chaos(1, changes=2000, seconds=3600)
    times = [each.at for each in schedule.faults if each.fault.family is Family.KILL]
    pauses = [b - a for a, b in itertools.pairwise(times)]
    assert all(KILL_EVERY[0] - 0.01 <= pause <= KILL_EVERY[1] + 0.01 for pause in pauses)
    killed = {each.fault.target for each in schedule.faults if each.fault.family is Family.KILL}
    assert killed == set(COMPONENTS)


def test_every_fault_and_every_play_has_its_place() -> None:
    schedule = chaos(1, changes=2000, seconds=3600)
    faults = [each.fault for each in schedule.faults]
    assert {f.target for f in faults if f.family is Family.CRASH} == set(CRASH_POINTS)
    assert {f.target for f in faults if f.family is Family.WEBHOOK} == set(WebhookTrick)
    assert {f.name for f in faults if f.family is Family.VENDOR} == set(VENDOR_FAULTS)
    plays = Counter(each.play for each in schedule.submissions)
    assert set(plays) == set(Play)
    assert plays[Play.APPROVE] == max(plays.values())
