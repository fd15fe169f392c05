"""Who may do what: one pure table, role x action (UX section 10). Nothing else in the portal decides about rights."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.errors import AppError


class Role(StrEnum):
    """What somebody is in an agency, or on the node (operator, auditor), or towards it (peer)."""

    CITIZEN = "citizen"
    UPLOADER = "uploader"
    APPROVER = "approver"
    ADMIN = "admin"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    PEER = "peer"


AGENCY_ROLES = (Role.UPLOADER, Role.APPROVER, Role.ADMIN, Role.AUDITOR)


class Action(StrEnum):
    """Everything the table speaks of."""

    READ = "read"
    SEE_DRAFTS = "see-drafts"
    EDIT_DRAFT = "edit-draft"
    APPROVE = "approve"
    REQUEST_CHANGE = "request-change"
    APPROVE_CHANGE = "approve-change"
    OWN_TOKENS = "own-tokens"
    MANAGE_PEOPLE = "manage-people"
    MANAGE_KEYS = "manage-keys"
    MANAGE_NODE = "manage-node"
    SEE_NODE = "see-node"


class Cell(StrEnum):
    """One cell: always, never, or only when somebody else did the work before."""

    YES = "yes"
    NO = "no"
    OTHERS = "others"  # not the uploader nor the last editor (footnote 2)


_Y, _N, _O = Cell.YES, Cell.NO, Cell.OTHERS
_COLUMNS = (Role.CITIZEN, Role.UPLOADER, Role.APPROVER, Role.ADMIN, Role.AUDITOR, Role.OPERATOR, Role.PEER)
_ROWS: Mapping[Action, tuple[Cell, ...]] = {
    Action.READ: (_Y, _Y, _Y, _Y, _Y, _Y, _Y),
    Action.SEE_DRAFTS: (_N, _Y, _Y, _Y, _Y, _N, _N),
    Action.EDIT_DRAFT: (_N, _Y, _Y, _Y, _N, _N, _N),
    Action.APPROVE: (_N, _N, _O, _N, _N, _N, _N),
    Action.REQUEST_CHANGE: (_N, _Y, _Y, _Y, _N, _N, _N),
    Action.APPROVE_CHANGE: (_N, _N, _O, _N, _N, _N, _N),
    Action.OWN_TOKENS: (_N, _Y, _Y, _Y, _N, _N, _N),
    Action.MANAGE_PEOPLE: (_N, _N, _N, _Y, _N, _N, _N),
    Action.MANAGE_KEYS: (_N, _N, _N, _Y, _N, _N, _N),
    Action.MANAGE_NODE: (_N, _N, _N, _N, _N, _Y, _N),
    Action.SEE_NODE: (_N, _N, _N, _N, _N, _Y, _N),
}
TABLE: Mapping[tuple[Role, Action], Cell] = {
    (role, action): cell for action, cells in _ROWS.items() for role, cell in zip(_COLUMNS, cells, strict=True)
}

SCOPE_DRAFT = "draft"
SCOPE_PUBLISH = "publish"
SCOPES = (SCOPE_DRAFT, SCOPE_PUBLISH)
_SCOPED_ACTIONS = frozenset({Action.READ, Action.SEE_DRAFTS, Action.EDIT_DRAFT})


class NotAllowed(AppError):
    code = "APP-010"
    ja = "この操作({action})をする権限がありません。担当の管理者に相談してください。"
    en = "You may not do this ({action}). Ask the administrator of your agency."
    zh = "您沒有執行此操作({action})的權限。請洽貴機關的管理者。"


class OwnWork(AppError):
    code = "APP-011"
    ja = "自分が作った、または最後に直した下書きは承認できません。二人目の承認者が要ります。"
    en = "You made or last edited this, so you cannot approve it: another approver must."
    zh = "您建立或最後編輯了此項目,因此不能自行核准,須由另一位核准者處理。"


@dataclass(frozen=True)
class Actor:
    """Who acts: an account with its roles in each agency, perhaps limited to the scopes of a token."""

    account_id: str
    label: str
    roles: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    is_operator: bool = False
    scopes: frozenset[str] | None = None

    def roles_in(self, agency: str | None) -> frozenset[Role]:
        """Return the roles that count for something of `agency`."""
        mine = self.roles.get(agency, frozenset()) if agency else frozenset()
        node = frozenset({Role.OPERATOR}) if self.is_operator else frozenset()
        return mine | node | {Role.CITIZEN}


CITIZEN = Actor(account_id="", label="")


def allows(actor: Actor, action: Action, agency: str | None, made_by: Collection[str] = ()) -> bool:
    """Return whether `actor` may do `action` to something of `agency` that the accounts `made_by` worked on."""
    if actor.scopes is not None and action not in _SCOPED_ACTIONS:
        return False
    cells = {TABLE[role, action] for role in actor.roles_in(agency)}
    if Cell.YES in cells:
        return True
    return Cell.OTHERS in cells and actor.account_id not in made_by


def require(actor: Actor, action: Action, agency: str | None, made_by: Collection[str] = ()) -> None:
    """Return if `actor` may do it.

    Raises:
        OwnWork: another person with the same role might.
        NotAllowed: the table says no.

    """
    if allows(actor, action, agency, made_by):
        return
    if actor.scopes is None and allows(actor, action, agency):
        raise OwnWork
    raise NotAllowed({"action": action.value})
