"""Who may do what: roles as plain lists of permissions, read as a table."""

OPERATOR_ROLES = ("rule", "risk", "finance", "service", "auditor", "admin")
PARTY_ROLES = {"provider": "provider", "merchant": "shop", "applicant": "provider"}

SEE_ALL = "see_all"
SEE_OWN = "see_own"
DECIDE = "decide"
RUN_CYCLE = "run_cycle"
SEND_EVENTS = "send_events"
ACT_FOR_PARTY = "act_for_party"
AMEND = "amend"
REVIEW = "review"
APPLY = "apply"

PERMISSIONS: dict[str, frozenset[str]] = {
    "rule": frozenset({SEE_ALL, AMEND}),
    "risk": frozenset({SEE_ALL, REVIEW, DECIDE, RUN_CYCLE, AMEND}),
    "finance": frozenset({SEE_ALL, DECIDE}),
    "service": frozenset({SEE_ALL, REVIEW}),
    "auditor": frozenset({SEE_ALL}),
    "admin": frozenset({SEE_ALL, REVIEW, DECIDE, RUN_CYCLE, SEND_EVENTS, AMEND}),
    "feed": frozenset({SEND_EVENTS}),
    "provider": frozenset({SEE_OWN, ACT_FOR_PARTY}),
    "merchant": frozenset({SEE_OWN, ACT_FOR_PARTY}),
    "applicant": frozenset({APPLY}),
}


def may(role: str, permission: str) -> bool:
    """Tell whether a role carries a permission; an unknown role carries none."""
    return permission in PERMISSIONS.get(role, frozenset())


def sees(role: str, own: tuple[str, str], subject: tuple[str, str]) -> bool:
    """Tell whether a role sees a party: operators see all, a party's people see their own."""
    return may(role, SEE_ALL) or (may(role, SEE_OWN) and own == subject)
