"""Every cell of the table of UX section 10, written out a second time by hand, and the rules around it."""

import pytest

from app.policy import TABLE, Action, Actor, Cell, NotAllowed, OwnWork, Role, allows, require

#          citizen uploader approver admin auditor operator peer
EXPECTED = {
    Action.READ: "y y y y y y y",
    Action.SEE_DRAFTS: "n y y y y n n",
    Action.EDIT_DRAFT: "n y y y n n n",
    Action.APPROVE: "n n o n n n n",
    Action.REQUEST_CHANGE: "n y y y n n n",
    Action.APPROVE_CHANGE: "n n o n n n n",
    Action.OWN_TOKENS: "n y y y n n n",
    Action.MANAGE_PEOPLE: "n n n y n n n",
    Action.MANAGE_KEYS: "n n n y n n n",
    Action.MANAGE_NODE: "n n n n n y n",
    Action.SEE_NODE: "n n n n n y n",
}
ROLES = [Role.CITIZEN, Role.UPLOADER, Role.APPROVER, Role.ADMIN, Role.AUDITOR, Role.OPERATOR, Role.PEER]
CELLS = [
    (role, action, letter)
    for action, letters in EXPECTED.items()
    for role, letter in zip(ROLES, letters.split(), strict=True)
]


def actor_as(role: Role) -> Actor:
    if role is Role.CITIZEN:
        return Actor("", "")
    if role is Role.OPERATOR:
        return Actor("me", "me", {}, is_operator=True)
    return Actor("me", "me", {"here": frozenset({role})})


def test_the_table_has_no_other_cells() -> None:
    assert set(TABLE) == {(role, action) for role in Role for action in Action}
    assert set(EXPECTED) == set(Action)


@pytest.mark.parametrize(("role", "action", "letter"), CELLS, ids=[f"{role}-{action}" for role, action, _ in CELLS])
def test_each_cell(role: Role, action: Action, letter: str) -> None:
    actor = actor_as(role)
    assert allows(actor, action, "here") == (letter in "yo")
    assert allows(actor, action, "here", {"me"}) == (letter == "y")
    if letter == "n":
        with pytest.raises(NotAllowed):
            require(actor, action, "here")
    elif letter == "o":
        with pytest.raises(OwnWork):
            require(actor, action, "here", {"me", "other"})


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.READ])
def test_a_role_counts_in_its_own_agency_only(action: Action) -> None:
    everything = Actor("me", "me", {"here": frozenset(Role) - {Role.OPERATOR, Role.CITIZEN}})
    assert not allows(everything, action, "elsewhere")


@pytest.mark.parametrize("action", list(Action))
def test_a_token_does_no_more_than_read_and_draft(action: Action) -> None:
    token = Actor("me", "me", {"here": frozenset(Role)}, scopes=frozenset({"draft", "publish"}))
    assert allows(token, action, "here") == (action in (Action.READ, Action.SEE_DRAFTS, Action.EDIT_DRAFT))


def test_cells_are_of_three_kinds() -> None:
    assert set(TABLE.values()) == set(Cell)
