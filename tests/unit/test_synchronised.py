"""What is held of fields that live elsewhere names source, version and time; none is left out."""

from domain.field_ownership import owner_of
from domain.service_change import CheckName
from domain.steps import CHECK_SYSTEM, SYSTEM_OF
from domain.synchronised import LEFT, READ


def test_every_check_says_which_fields_it_holds_and_each_is_its_own_systems() -> None:
    assert set(READ) == set(CheckName)
    for check, fields in READ.items():
        assert {owner_of(field) for field in fields} == {CHECK_SYSTEM[check]}


def test_what_an_effect_leaves_belongs_to_the_system_it_is_left_at() -> None:
    assert all(owner_of(field) is SYSTEM_OF[step] for step, field in LEFT.items())
