"""Invitations: whose, for how long, one secret, and what keeps somebody out."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from earnest.admission.accepting import invitation_by_secret
from earnest.admission.due import admission_look
from earnest.admission.invitations import (
    invitation_renew_link,
    invitation_revoke,
    state_on,
)
from earnest.admission.models import Invitation
from earnest.admission.queries import invitation_counts, invitation_get, invitations_found
from earnest.decisions.models import Decision
from earnest.kernel.errors import BadInput, Conflict, NotFound, RuleRefused
from earnest.market.commands import person_add
from earnest.market.models import Provider
from earnest.notices.models import Notice
from earnest.restrictions.commands import Grant, restrictions_grant
from earnest.restrictions.ending import restrictions_end
from earnest.rulebooks.packs import SUPPLY_MARKET
from tests.admission.scene import ENTITY, NOW, PASSWORD, TENANT, TODAY, Scene


def _left(provider_id: str, on: date, *, entity: str = "", controller: str = "") -> None:
    Provider.objects.create(
        tenant_id=TENANT, provider_id=provider_id, name=provider_id, entity_name=entity,
        service_category="supply_tool", controller_ref=controller,
        admitted_on=date(2025, 8, 1), left_on=on,
    )  # fmt: skip


@pytest.mark.clause("S0-1.3-invite")
def test_an_invitation_says_by_whom_why_and_until_when(scene: Scene) -> None:
    """Inviter, reasons and last day are kept; of the link only the hash."""
    invited = scene.invite()
    found = invitation_get(TENANT, "I000001")
    assert (found.invited_by, found.reasons) == ("service", ["integration", "category_gap"])
    assert (found.ends_on, found.life_from) == (TODAY + timedelta(days=30), "inviter")
    assert invited.secret not in str(vars(found))
    assert invitation_by_secret(TENANT, invited.secret) == found


@pytest.mark.clause("S0-1.3-invite")
def test_without_a_life_nobody_is_invited(scene: Scene) -> None:
    """The text sets no life and the pack none: the inviter has to, and not in the past."""
    with pytest.raises(RuleRefused, match="invitation_life_unset"):
        scene.invite(ends_on=None)
    with pytest.raises(BadInput, match="invitation_ends_before"):
        scene.invite(ends_on=TODAY - timedelta(days=1))
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"contact": " "}, "field_missing"),
        ({"criteria": ""}, "field_missing"),
        ({"service_category": "gardening"}, "unknown_category"),
        ({"reasons": ()}, "invitation_reasons"),
        ({"reasons": ("because",)}, "invitation_reasons"),
        ({"provider_id": "a/b"}, "id_wrong"),
        ({"contact": "x" * 201}, "field_too_long"),
    ],
)
def test_an_invitation_is_whole(scene: Scene, changes: dict[str, object], code: str) -> None:
    """What is missing or wrong is said, and nothing is left behind."""
    with pytest.raises(BadInput, match=code):
        scene.invite(**changes)
    assert not Invitation.objects.exists()


def test_one_entity_has_one_open_invitation(scene: Scene) -> None:
    """A second one is refused while the first is open, and a provider id is given once."""
    scene.invite()
    with pytest.raises(Conflict, match="invited_already"):
        scene.invite()
    with pytest.raises(Conflict, match="provider_id_used"):
        scene.invite("另一家", provider_id="SP000001")
    invitation_revoke(TENANT, "I000001", "写错了", "service", NOW)
    assert scene.invite().invitation.number == "I000002"


@pytest.mark.clause("S0-1.3-invite")
def test_an_ended_invitation_opens_nothing(scene: Scene) -> None:
    """Expired, revoked and accepted ones are refused, each with its own word."""
    expired = scene.invite("甲")
    revoked = scene.invite("乙", ends_on=TODAY + timedelta(days=60))
    invitation_revoke(TENANT, revoked.invitation.number, "不再需要", "service", scene.now)
    scene.later(days=30)
    assert scene.accept(scene.invite("丙")).number == "R000001"
    scene.later(days=1)
    for invited, code in ((expired, "expired"), (revoked, "revoked")):
        with pytest.raises(Conflict, match=f"invitation_{code}"):
            scene.accept(invited, "somebody")
    with pytest.raises(NotFound):
        invitation_by_secret(TENANT, "guess")


def test_a_link_is_taken_up_once(scene: Scene) -> None:
    """The second time the invitation is accepted already."""
    invited = scene.invite()
    scene.accept(invited)
    with pytest.raises(Conflict, match="invitation_accepted"):
        scene.accept(invited, "second")


def test_a_new_link_replaces_the_old(scene: Scene) -> None:
    """A lost link can be made anew; then the first leads nowhere."""
    first = scene.invite()
    second = invitation_renew_link(TENANT, first.invitation.number, "service", NOW)
    with pytest.raises(NotFound):
        scene.accept(first)
    assert scene.accept(second).state == "preparing"


def test_accepting_takes_nobody_s_sign_in(scene: Scene) -> None:
    """The name of a person who is there, or of what acts by itself, is refused however written."""
    invited = scene.invite()
    before = person_add(TENANT, "rule", PASSWORD, role="rule").user.password
    with pytest.raises(Conflict, match="username_taken"):
        scene.accept(invited, "rule")
    person = invitation_get(TENANT, "I000001")
    assert person.state == "open"
    assert User.objects.get(username="rule").password == before
    for name in ("system", "Earnest", "ｆｅｅｄ"):
        with pytest.raises(Conflict, match="username_taken"):
            scene.accept(invited, name)
    for name in ("a b", "\ufdfa" * 20, "㎏" * 80):
        with pytest.raises(BadInput, match="username_wrong"):
            scene.accept(invited, name)


@pytest.mark.clause("S0-3.4")
@pytest.mark.parametrize(
    ("entity", "controller", "because"),
    [
        ("杭州好货供应链有限公司", "", "同一认证主体"),
        ("杭州好货供应链 有限公司", "", "同一认证主体"),
        ("别的公司", "C9", "同一实际控制人"),
    ],
)
def test_who_left_too_short_ago_is_kept_out(
    scene: Scene, entity: str, controller: str, because: str
) -> None:
    """The bar looks at the entity, however its name is written, and at its controller's others."""
    _left("P9", date(2025, 9, 30), entity=entity, controller=controller)
    with pytest.raises(RuleRefused, match="reentry_barred") as refused:
        scene.invite(controller_ref="C9" if controller else "")
    assert because in refused.value.problem.zh
    assert "2026-03-30" in refused.value.problem.zh
    scene.later(days=28)
    assert scene.invite(controller_ref="C9" if controller else "").invitation.state == "open"


@pytest.mark.clause("S0-2.2.6", "S0-3.4")
def test_who_was_barred_by_a_sanction_stays_out(scene: Scene) -> None:
    """However long ago it left, and until the sanction ends."""
    _left("P9", date(2025, 8, 1), entity=ENTITY)
    scene.later(days=365)
    grant = Grant("provider", "P9", "bar", ["reentry"], SUPPLY_MARKET, "S0-2.2.6", uuid4(), [])
    restrictions_grant(TENANT, [grant], scene.now)
    with pytest.raises(RuleRefused, match="reentry_barred") as refused:
        scene.invite()
    assert "禁入" in refused.value.problem.zh
    assert restrictions_end(TENANT, [grant.decision_id], "overturned", scene.now)
    assert scene.invite().invitation.state == "open"


@pytest.mark.clause("S0-3.4")
def test_the_controller_of_an_older_entity_counts(scene: Scene) -> None:
    """Another provider of the controller of this entity's former self bars it as well."""
    _left("P8", date(2025, 8, 1), entity=ENTITY, controller="C7")
    _left("P9", date(2025, 10, 1), entity="姊妹公司", controller="C7")
    with pytest.raises(RuleRefused, match="P9"):
        scene.invite()


@pytest.mark.clause("S0-3.4")
def test_the_bar_is_looked_at_again_when_applying(scene: Scene) -> None:
    """Who was invited before its sister left cannot accept afterwards."""
    invited = scene.invite(controller_ref="C9")
    _left("P9", TODAY, controller="C9")
    with pytest.raises(RuleRefused, match="reentry_barred"):
        scene.accept(invited)
    assert invitation_get(TENANT, "I000001").state == "open"


@pytest.mark.clause("S0-3.4")
def test_a_removal_bars_as_long_as_nobody_set_a_length(scene: Scene) -> None:
    """The rule sets no length after a removal and the pack none: it stays closed."""
    _left("P9", date(2025, 8, 1), entity=ENTITY)
    Decision.objects.create(
        id="01990a3c-0000-7000-8000-0000000000aa", tenant_id=TENANT, seq=1,
        rulebook="kuaishou-supply-market", decision="nps_ladder", subject_kind="provider",
        subject_id="P9", period="2025-07", clause="S0-2.2.5-5c", modality="must",
        outcome="remove", money_fen=0, state="in_effect", approvals_needed=2, made_at=NOW,
        settled_at=NOW, receipt={}, trace=[], chain_hash="x", previous_hash="y",
    )  # fmt: skip
    with pytest.raises(RuleRefused) as refused:
        scene.invite()
    assert "被清退" in refused.value.problem.zh


@pytest.mark.clause("S0-1.3-invite")
def test_running_out_and_its_warning_happen_once(scene: Scene) -> None:
    """Three days before the end a warning, after it the end; a second look does nothing."""
    invited = scene.invite()
    assert admission_look(TENANT, scene.later(days=26)).reminded == 0
    assert admission_look(TENANT, scene.later(days=1)).reminded == 1
    assert admission_look(TENANT, scene.now).reminded == 0
    assert Notice.objects.filter(subject_id=invited.invitation.provider_id).count() == 1
    over = scene.later(days=4)
    assert state_on(invitation_get(TENANT, "I000001"), over.date()) == "expired"
    assert invitation_counts(TENANT, over.date())["expired"] == 1
    assert invitations_found(TENANT, state="open", on=over.date()).count() == 0
    assert admission_look(TENANT, over).invitations_expired == 1
    assert admission_look(TENANT, over).invitations_expired == 0
    found = invitation_get(TENANT, "I000001")
    whats = list(found.entries.order_by("id").values_list("what", flat=True))
    assert whats == ["invited", "reminded", "expired"]
