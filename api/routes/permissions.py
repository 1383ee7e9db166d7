"""Who may do what: the table every part of the system goes by, as people read it."""

from fastapi import APIRouter

from api.dependencies import Caller
from domain.contracts_views import RightView, RoleRightView
from domain.permissions import ACTION_RULES, condition_of
from domain.rights import RIGHTS
from domain.service_change import Action, ChangeStatus, Role

router = APIRouter(prefix="/v1", tags=["records"])


@router.get("/permissions")
async def read_permissions(caller: Caller) -> list[RightView]:
    """Every action and every other right: for which roles, in which statuses, on what condition."""
    del caller  # any caller that is signed in
    return [
        *(_action(action) for action in ACTION_RULES),
        *(
            RightView(
                right=right.name,
                statuses=[],
                condition=right.only,
                roles=[
                    RoleRightView(role=role, allowed=role in right.roles, condition="")
                    for role in Role
                ],
                second_person=None,
            )
            for right in RIGHTS
        ),
    ]


def _action(action: Action) -> RightView:
    rule = ACTION_RULES[action]
    conditions = {role: condition_of(action, role) for role in Role}
    return RightView(
        right=action,
        statuses=[status for status in ChangeStatus if status in rule.statuses],
        condition=rule.only,
        roles=[
            RoleRightView(role=role, allowed=condition is not None, condition=condition or "")
            for role, condition in conditions.items()
        ],
        second_person=rule.second_person_when or None,
    )
