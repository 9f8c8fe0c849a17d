"""Evidence per requirement: brought, judged, sent back, run out, measured where there is data."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from earnest.admission.due import admission_look
from earnest.admission.evidence import evidence_accept, evidence_send_back
from earnest.admission.figures import asked_of, trial_take
from earnest.admission.models import Application, Evidence
from earnest.admission.queries import evidence_shown
from earnest.admission.reviewing import application_hand_in, application_return
from earnest.documents.commands import NewDocument, document_add
from earnest.feed.commands import batches_take
from earnest.kernel.calendar import MARKET_ZONE
from earnest.kernel.errors import BadInput, Conflict, NotFound, RuleRefused
from earnest.notices.models import Notice
from tests.admission.scene import PDF, TENANT, TODAY, Scene

CLAUSES = (
    "S0-2.1-exp1", "S0-2.1-exp2", "S0-2.1-exp3", "S0-2.1-exp4a", "S0-2.1-exp4b", "S0-2.1-mr1",
    "S0-2.1-mr2", "S0-2.1-info1", "S0-2.1-info2", "S0-2.1-info2a", "S0-2.1-info2b",
    "S0-2.1-info2c", "S0-2.1-info2d", "S0-2.1-qual1", "S0-2.1-qual3a", "S0-2.1-qual3b",
    "S0-2.1-ship48", "S0-2.1-as1", "S0-2.1-as2", "S0-2.1-as3", "S0-2.1-as4", "S0-2.1-cs3",
)  # fmt: skip


def _row(application: Application, requirement: str) -> Evidence:
    return application.evidence.get(requirement=requirement)


def _states(application: Application) -> dict[str, str]:
    return {each.need.name: each.state for each in evidence_shown(application, TODAY)}


@pytest.mark.clause(*CLAUSES)
def test_every_clause_of_admission_is_asked_for(scene: Scene) -> None:
    """What the application asks are the clauses of 2.1, each with what would prove it."""
    asked = asked_of(scene.accept(scene.invite()))
    assert tuple(each.clause for each in asked.values()) == CLAUSES
    assert all(each.proof.zh and each.proof.en for each in asked.values())


@pytest.mark.clause("S0-2.1-exp4", "S0-2.1-exp4a", "S0-2.1-exp4b")
def test_one_of_the_two_ways_is_enough(scene: Scene) -> None:
    """With own supply accepted, the partnership is not needed any more, and the other way round."""
    application = scene.accept(scene.invite())
    scene.bring_all(application)
    evidence_accept(TENANT, application.number, "own_supply", "service", scene.now)
    states = _states(application)
    assert (states["own_supply"], states["supply_platform"]) == ("accepted", "not_needed")


def test_nothing_is_handed_in_half(scene: Scene) -> None:
    """Handing in says which requirements lack, and the application stays where it is."""
    application = scene.accept(scene.invite())
    scene.bring_all(application, without=("waybill",))
    with pytest.raises(RuleRefused, match="evidence_lacking") as refused:
        application_hand_in(TENANT, application.number, "applicant", scene.now)
    assert "电子面单" in refused.value.problem.zh
    assert scene.fresh(application).state == "preparing"


@pytest.mark.clause("S0-2.1-exp1", "S0-2.1-mr1")
def test_a_document_is_needed_where_the_rulebook_asks(scene: Scene) -> None:
    """Words alone do for merchant development, not for integration; nothing does for neither."""
    application = scene.accept(scene.invite())
    with pytest.raises(RuleRefused, match="document_needed"):
        scene.bring(application, "integration", documents=())
    with pytest.raises(BadInput, match="nothing_brought"):
        scene.bring(application, "merchant_development", documents=(), statement=" ")
    scene.bring(application, "merchant_development", documents=())
    assert _row(application, "merchant_development").state == "submitted"


def test_another_s_document_proves_nothing(scene: Scene) -> None:
    """A document of another party cannot be brought, and none that ran out."""
    application = scene.accept(scene.invite())
    foreign = document_add(
        TENANT, NewDocument(("provider", "P9"), "x.pdf", PDF, "somebody"), scene.now
    )
    with pytest.raises(NotFound):
        scene.bring(application, "integration", documents=(foreign.id,))
    with pytest.raises(BadInput, match="document_ended"):
        scene.bring(application, "integration", ends_on=TODAY - timedelta(days=1))
    with pytest.raises(NotFound):
        scene.bring(application, "no_such_requirement")
    assert _row(application, "integration").state == "missing"


def test_what_is_sent_back_comes_again(scene: Scene) -> None:
    """The reason is read by the applicant, the round counts, and what was accepted stays."""
    application = scene.accept(scene.invite())
    scene.bring_all(application)
    by = (TENANT, application.number)
    with pytest.raises(Conflict, match="nothing_sent_back"):
        application_return(*by, "", "service", scene.now)
    with pytest.raises(BadInput, match="reason_missing"):
        evidence_send_back(*by, "quality", " ", "service", scene.now)
    evidence_send_back(*by, "quality", "报告没有盖章", "service", scene.now)
    evidence_accept(*by, "waybill", "service", scene.now)
    assert application_return(*by, "", "service", scene.now).round == 2
    notice = Notice.objects.filter(subject_id=application.provider_id).latest("sent_at", "id")
    assert "报告没有盖章" in notice.body_zh
    assert notice.due_on == TODAY + timedelta(days=30)
    with pytest.raises(Conflict, match="evidence_accepted"):
        scene.bring(application, "waybill")
    scene.bring(application, "quality")
    application_hand_in(*by, "applicant", scene.now)
    row = _row(application, "quality")
    whats = list(row.entries.order_by("id").values_list("what", flat=True))
    assert whats == ["submitted", "sent_back", "submitted"]


def test_only_what_lies_before_the_reviewer_is_judged(scene: Scene) -> None:
    """Before it is handed in, and where nothing was brought, there is nothing to judge."""
    application = scene.accept(scene.invite())
    scene.bring(application, "waybill")
    with pytest.raises(Conflict, match="application_elsewhere"):
        evidence_accept(TENANT, application.number, "waybill", "service", scene.now)
    scene.bring_all(application)
    with pytest.raises(Conflict, match="evidence_not_submitted"):
        evidence_accept(TENANT, application.number, "supply_platform", "service", scene.now)
    with pytest.raises(Conflict, match="application_elsewhere"):
        scene.bring(application, "supply_platform")


FIGURES = (
    ("ship48", (97, 100), True),
    ("ship48", (969, 1000), False),
    ("ship48", (0, 0), False),
    ("refund_unshipped", (99, 100), False),
    ("return_stage2", (0, 0), True),
    ("replies", (19, 20), False),
    ("replies", (20, 20), True),
)


@pytest.mark.clause("S0-2.1-ship48", "S0-2.1-as0", "S0-2.1-as1", "S0-2.1-cs3")
def test_a_figure_is_held_against_its_norm(scene: Scene) -> None:
    """97 of 100 orders will do and 969 of 1,000 not; each request and each question counts."""
    application = scene.accept(scene.invite())
    scene.bring_all(application, without=("nothing",))
    for requirement, figure, met in FIGURES:
        with transaction.atomic():
            scene.bring(application, requirement, figure=figure)
            application_hand_in(TENANT, application.number, "applicant", scene.now)
            refused = pytest.raises(RuleRefused, match="figure_not_met")
            with nullcontext() if met else refused:
                evidence_accept(TENANT, application.number, requirement, "service", scene.now)
            accepted = application.evidence.filter(requirement=requirement, state="accepted")
            assert accepted.exists() == met
            transaction.set_rollback(True)


def test_an_impossible_figure_is_refused(scene: Scene) -> None:
    """More in time than there were, and no figure at all, are not taken."""
    application = scene.accept(scene.invite())
    for figure in ((3, 2), (-1, 2), None):
        with pytest.raises(BadInput, match="figure_wrong"):
            scene.bring(application, "ship48", figure=figure)


@pytest.mark.clause("S0-2.1-src0", "S0-2.1-ship48", "S0-2.1-ship48-def")
def test_a_trial_is_measured_over_the_whole_supply(scene: Scene) -> None:
    """Orders of two shops under the applicant's id count together, and nobody can type another."""
    application = scene.accept(scene.invite())
    _orders(application.provider_id, picked_late=1, count=40)
    assert trial_take(TENANT, application.number, "applicant", scene.now) == 5
    row = _row(application, "ship48")
    assert (row.numerator, row.denominator, row.figure_source) == (39, 40, "measured")
    assert (row.window_to - row.window_from).days == 29
    assert _row(application, "return_stage1").denominator == 0
    with pytest.raises(Conflict, match="figure_measured"):
        scene.bring(application, "ship48", figure=(40, 40))
    assert trial_take(TENANT, application.number, "applicant", scene.now) == 0


def _orders(provider_id: str, *, picked_late: int, count: int) -> None:
    """Let orders be paid on 10 February, all picked up next day but some."""
    events: dict[str, list[dict[str, object]]] = {
        "order_event": [], "order_line": [], "parcel": [], "parcel_trace": [],
    }  # fmt: skip
    paid = datetime(2026, 2, 10, 10, tzinfo=MARKET_ZONE)
    for number in range(count):
        order, waybill = f"O{number:03d}", f"W{number:03d}"
        picked = paid + timedelta(hours=60 if number < picked_late else 20)
        events["order_event"].append(
            {"order_id": order, "state": "paid", "source_version": "1",
             "shop_id": f"S{number % 2}", "occurred_at": paid.isoformat(),
             "paid_at": paid.isoformat(), "amount_paid_fen": 9_900}
        )  # fmt: skip
        events["order_line"].append(
            {"order_id": order, "line_no": "1", "version": "1", "provider_id": provider_id,
             "occurred_at": paid.isoformat(), "category_id": "apparel", "qty": 1,
             "line_paid_fen": 9_900}
        )  # fmt: skip
        events["parcel"].append(
            {"carrier": "yto", "waybill_no": waybill, "direction": "outbound", "order_id": order,
             "occurred_at": paid.isoformat()}
        )  # fmt: skip
        events["parcel_trace"].append(
            {"carrier": "yto", "waybill_no": waybill, "node": "picked_up",
             "node_at": picked.isoformat(), "occurred_at": picked.isoformat()}
        )  # fmt: skip
    told_at = datetime(2026, 3, 1, tzinfo=UTC)
    taken = batches_take(
        TENANT, events, source="urn:earnest:src:test:trial", now=told_at, origin="test"
    )
    assert not [each for intake in taken.values() for each in intake.rejected]


def test_a_paper_runs_out_once_and_is_renewed_alone(scene: Scene) -> None:
    """A warning before, the end after; while it is out nothing opens; a new one puts it right."""
    application = scene.accept(scene.invite())
    scene.bring(application, "quality", ends_on=TODAY + timedelta(days=10))
    scene.bring_all(application, without=("quality",))
    application_hand_in(TENANT, application.number, "applicant", scene.now)
    scene.accept_all(application)
    scene.recommend(application)
    scene.approve(application)
    scene.pay(application)
    assert admission_look(TENANT, scene.later(days=8)).reminded == 1
    assert admission_look(TENANT, scene.now).reminded == 0
    look = admission_look(TENANT, scene.later(days=3))
    assert (look.evidence_expired, admission_look(TENANT, scene.now).evidence_expired) == (1, 0)
    with pytest.raises(RuleRefused, match="evidence_lacking"):
        scene.open(application)
    with pytest.raises(Conflict):
        scene.bring(application, "waybill")
    scene.bring(application, "quality")
    with pytest.raises(RuleRefused, match="evidence_lacking"):
        scene.open(application)
    evidence_accept(TENANT, application.number, "quality", "service", scene.now)
    assert scene.open(application).state == "opened"


def test_an_applicant_is_reminded_once_a_step(scene: Scene) -> None:
    """Three days before the end of a step that is the applicant's; never while others have it."""
    application = scene.accept(scene.invite())
    assert admission_look(TENANT, scene.later(days=26)).reminded == 0
    assert admission_look(TENANT, scene.later(days=1)).reminded == 1
    assert admission_look(TENANT, scene.later(days=1)).reminded == 0
    scene.bring_all(application)
    assert admission_look(TENANT, scene.later(days=60)).reminded == 0


def test_what_ran_out_during_the_review_goes_back(scene: Scene) -> None:
    """A paper that ran out before anybody looked is asked for again, with its last day."""
    application = scene.accept(scene.invite())
    scene.bring(application, "quality", ends_on=TODAY + timedelta(days=2))
    scene.bring_all(application, without=("quality",))
    application_hand_in(TENANT, application.number, "applicant", scene.now)
    assert admission_look(TENANT, scene.later(days=3)).evidence_expired == 1
    application_return(TENANT, application.number, "", "service", scene.now)
    notice = Notice.objects.filter(title_zh__contains="退回补充").get()
    assert "质量合格：材料有效期至 2026-03-04" in notice.body_zh
    scene.bring(application, "quality")
    assert _states(application)["quality"] == "submitted"
