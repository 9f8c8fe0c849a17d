"""Amendments: drafts from a form, a table or a file, and the steps that two persons take."""

from collections.abc import Callable
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from earnest.kernel.calendar import day_of
from earnest.rulebooks.announcement import Condition
from earnest.rulebooks.models import Draft
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_of
from earnest.rulebooks.queries import draft_get, draft_pack
from tests.console.market import NOW, SeededMarket

SignIn = Callable[..., Client]
HTMX = {"HX-Request": "true"}
ACT = {
    "act": "SD3",
    "published": "2025-11-20",
    "in_force": "2026-02-01",
    "importance": "ordinary",
    "title_zh": "调整基础保证金",
    "title_en": "",
    "reason": "市价上涨",
}
VALUE = {
    **ACT,
    "rulebook": SHOP_DEPOSIT,
    "parameter": "base_deposit",
    "value": "12000.50",
    "clause": "S3-3.1c",
}


def _page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def _draft_of(address: str) -> Draft:
    return Draft.objects.get(hash=address.split("/")[2])


def test_a_value_becomes_a_draft(market: SeededMarket, signed_in: SignIn) -> None:
    """A rule manager writes a value in yuan; the draft holds it from its day and nothing else."""
    client = signed_in("rule")
    response = client.post("/amendments/new/value/", VALUE)
    assert response.status_code == 302
    draft = _draft_of(response.headers["Location"])
    assert (draft.submitted_by, draft.note, draft.instruments) == ("rule", "市价上涨", ["SD3"])
    parameter = draft_pack(draft.hash)
    assert parameter.parameter("base_deposit", on=date(2026, 2, 1)) == 1_200_050
    assert parameter.parameter("base_deposit", on=date(2026, 1, 31)) == 1_000_000
    assert pack_of(SHOP_DEPOSIT).parameter("base_deposit", on=date(2026, 2, 1)) == 1_000_000
    page = _page(client, response.headers["Location"])
    assert "12,000.50 元" in page
    assert "草案已保存" in page


def test_what_is_wrong_is_said_at_the_field(market: SeededMarket, signed_in: SignIn) -> None:
    """Nothing is saved, everything typed is still there, and each field says what to do."""
    client = signed_in("rule", "en")
    before = Draft.objects.count()
    wrong = VALUE | {
        "value": "a lot", "clause": "S9", "act": "S3", "in_force": "2025-11-19", "reason": " ",
    }  # fmt: skip
    response = client.post("/amendments/new/value/", wrong)
    assert response.status_code == 422
    form = response.context["form"]
    assert "Write a number" in form.value.problem
    assert "no such clause" in form.clause.problem
    assert "has this id" in form.act.act.problem
    assert "reach back" in form.act.in_force.problem
    assert form.act.reason.problem
    assert 'value="a lot"' in response.content.decode()
    assert Draft.objects.count() == before


def test_a_value_on_a_day_that_has_one_is_refused(market: SeededMarket, signed_in: SignIn) -> None:
    """The text's own refusal is shown on the page: here a day in the past."""
    response = signed_in("rule").post(
        "/amendments/new/value/", VALUE | {"published": "2020-08-12", "in_force": "2020-08-12"}
    )
    assert response.status_code == 422
    assert response.context["problems"]


def test_a_second_change_joins_the_same_act(market: SeededMarket, signed_in: SignIn) -> None:
    """On top of a draft, another value comes with the same act on the same day."""
    client = signed_in("rule")
    address = f"/amendments/new/value/?on_top={market.draft_hash}&parameter=base_deposit"
    assert "随它一同生效" in _page(client, address)
    joined = VALUE | {"parameter": "hold_review_days", "value": "12", "clause": "S3-4.2c"}
    response = client.post(
        "/amendments/new/value/", joined | {"on_top": market.draft_hash, "act": "", "in_force": ""}
    )
    draft = _draft_of(response.headers["Location"])
    assert draft.instruments == ["SD2"]
    pack = draft_pack(draft.hash)
    on = date(2026, 1, 1)
    assert pack.parameter("hold_review_days", on=on) == 12
    assert pack.parameter("shortage_grace_days", on=on) == 10
    again = client.post("/amendments/new/value/", VALUE | {"on_top": market.draft_hash})
    assert "已有规定" in again.content.decode()


def _rows(client: Client) -> dict[str, str]:
    """Return the editor's form as the page shows it."""
    response = client.get(f"/amendments/new/table/?rulebook={SHOP_DEPOSIT}&table=sales_tier")
    editor = response.context["editor"]
    form = {"rulebook": SHOP_DEPOSIT, "table": "sales_tier", "rows": str(len(editor.rows))}
    for row in editor.rows:
        form |= {cell.name: cell.value for cell in row.cells}
        form |= {row.clause.name: row.clause.value, f"id-{row.number}": row.id}
    return form


def test_a_table_is_edited_in_the_page(market: SeededMarket, signed_in: SignIn) -> None:
    """A row is added, a gap is said, the gap is closed, and the rows become a draft."""
    client = signed_in("rule")
    form = _rows(client)
    last = int(form["rows"]) - 1
    added = client.post("/amendments/new/table/", form | {"press": "add"}, headers=HTMX)
    assert len(added.context["editor"].rows) == last + 2
    assert "<html" not in added.content.decode()
    form |= {"rows": str(last + 2), f"cell-{last + 1}-0": ">= 2000000"}
    form |= {f"cell-{last + 1}-1": "80000", f"clause-{last + 1}": "S3-3.1b"}
    overlap = client.post("/amendments/new/table/", form | {"press": "check"}, headers=HTMX)
    assert overlap.status_code == 422
    assert overlap.context["editor"].rows[last + 1].problem
    low = form[f"cell-{last}-0"].removeprefix(">= ")
    form[f"cell-{last}-0"] = f"[{low}, 2000000)"
    fine = client.post("/amendments/new/table/", form | {"press": "check"}, headers=HTMX)
    assert "没有空缺" in fine.content.decode()
    saved = client.post("/amendments/new/table/", form | ACT | {"press": "save"})
    assert saved.status_code == 302
    pack = draft_pack(_draft_of(saved.headers["Location"]).hash)
    rows = {on: pack.table_row("sales_tier", {"sales": 300_000_000}, on=on) for on in (
        date(2026, 1, 31), date(2026, 2, 1),
    )}  # fmt: skip
    assert rows[date(2026, 2, 1)]["amount"] == 8_000_000
    assert rows[date(2026, 1, 31)]["amount"] != 8_000_000


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_table_goes_out_and_comes_back(
    market: SeededMarket, signed_in: SignIn, form: str
) -> None:
    """The sheet that was downloaded fills the editor when uploaded; a wrong file is refused."""
    client = signed_in("admin")
    sheet = client.get(f"/amendments/new/table/{SHOP_DEPOSIT}/sales_tier.{form}")
    upload = SimpleUploadedFile(f"sales_tier.{form}", sheet.content)
    fields = {"rulebook": SHOP_DEPOSIT, "table": "sales_tier", "rows": "0", "press": "upload"}
    filled = client.post("/amendments/new/table/", {**fields, "sheet": upload}, headers=HTMX)
    assert filled.status_code == 200
    shown = filled.context["editor"]
    assert len(shown.rows) == len(pack_of(SHOP_DEPOSIT).tables["sales_tier"].editions[-1].rows)
    nothing = client.post("/amendments/new/table/", fields, headers=HTMX)
    assert nothing.status_code == 422
    other = SimpleUploadedFile(f"other.{form}", b"a,b\n1,2\n")
    refused = client.post("/amendments/new/table/", {**fields, "sheet": other}, headers=HTMX)
    assert refused.status_code == 422
    assert refused.context["problems"]


def test_a_whole_file_is_taken_or_refused_line_by_line(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """Every problem of an uploaded file stands on the page with its line; a good one is a draft."""
    client = signed_in("rule", "en")
    good = draft_pack(market.draft_hash).text.replace("SD2", "SD9")
    bad = good.replace("state: draft", "state: soon").replace("rulebook:", "rule_book:")
    for content, status in ((bad.encode(), 422), (b"\xff\xfe", 422), (b"", 422)):
        upload = SimpleUploadedFile("book.yaml", content)
        refused = client.post("/amendments/new/file/", {"pack": upload, "reason": "why"})
        assert refused.status_code == status
        assert refused.context["problems"]
    no_reason = client.post(
        "/amendments/new/file/", {"pack": SimpleUploadedFile("book.yaml", good.encode())}
    )
    assert no_reason.status_code == 422
    upload = SimpleUploadedFile("book.yaml", good.encode())
    taken = client.post("/amendments/new/file/", {"pack": upload, "reason": "why"})
    assert _draft_of(taken.headers["Location"]).instruments == ["SD9"]


def _step(client: Client, market: SeededMarket, step: str, **fields: str) -> str:
    address = reverse("amendment_step", args=[market.draft_hash])
    response = client.post(address, {"step": step, "note": "看过", **fields}, follow=True)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def _state(market: SeededMarket) -> str:
    return draft_get(market.draft_hash, day_of(NOW)).state


def test_two_persons_announce(market: SeededMarket, signed_in: SignIn) -> None:
    """One alone cannot; who approved cannot announce; another person can; then it is public."""
    first, second = signed_in("risk"), signed_in("admin")
    assert "还不能公布" in _step(first, market, "announce")
    assert "还须另一人公布" in _step(first, market, "approve")
    assert "还不能公布" in _step(first, market, "announce")
    assert _state(market) == "draft"
    tests = {test.name: test.met for test in _tests(second, market)}
    assert all(tests.values())
    assert {test.name: test.met for test in _tests(first, market)}["two_people"] is False
    assert "已公布" in _step(second, market, "announce")
    assert _state(market) == "announced"
    assert "延长补缴宽限期" in _page(signed_in("merchant"), "/rules/")


def _tests(client: Client, market: SeededMarket) -> list[Condition]:
    tests: list[Condition] = client.get(f"/amendments/{market.draft_hash}/").context["tests"]
    return tests


def test_red_rows_say_what_is_missing(market: SeededMarket, signed_in: SignIn) -> None:
    """A new draft shows what its announcement needs, the missing things marked by word too."""
    client = signed_in("rule", "en")
    response = client.get(f"/amendments/{market.draft_hash}/")
    missing = [test.name for test in response.context["tests"] if not test.met]
    assert missing == ["two_people"]
    assert "1 still missing" in response.content.decode()
    assert '<span class="sr-only">not met</span>' in response.content.decode()


def test_consultation_is_public_and_a_draft_is_not(market: SeededMarket, signed_in: SignIn) -> None:
    """Parties see a change once it is open to comment, without tests, names or what-ifs."""
    merchant, rule = signed_in("merchant"), signed_in("rule")
    address = f"/amendments/{market.draft_hash}/"
    assert merchant.get(address).status_code == 404
    assert "请选择征求意见的截止日" in _step(rule, market, "consult")
    assert "已开始征求意见" in _step(rule, market, "consult", until_on="2025-12-01")
    page = _page(merchant, address)
    assert "10 天" in page
    assert "征求意见至 2025-12-01" in page
    for hidden in ("公布条件", "试算报告", "提交 rule"):
        assert hidden not in page
    assert "SD2" in _page(merchant, "/amendments/")


def test_a_draft_can_be_withdrawn(market: SeededMarket, signed_in: SignIn) -> None:
    """Withdrawn, it has no buttons any more; an unknown step changes nothing."""
    client = signed_in("admin", "en")
    assert "choose a step" in _step(client, market, "burn")
    assert "Withdrawn." in _step(client, market, "withdraw")
    assert _state(market) == "withdrawn"
    assert not client.get(f"/amendments/{market.draft_hash}/").context["offered"].any
    again = client.get(f"/amendments/new/value/?on_top={market.draft_hash}&parameter=base_deposit")
    assert again.status_code == 409


def test_the_text_of_a_draft_can_be_taken_away(market: SeededMarket, signed_in: SignIn) -> None:
    """The download is the draft's text, byte for byte."""
    response = signed_in("auditor").get(f"/amendments/{market.draft_hash}/draft.yaml")
    assert response.content.decode() == draft_pack(market.draft_hash).text


def test_the_list_is_narrowed(market: SeededMarket, signed_in: SignIn) -> None:
    """By rulebook and by state; without any, the page says so."""
    client = signed_in("auditor")
    for query, count in (("", 1), ("?state=draft", 1), ("?state=withdrawn", 0), ("?rulebook=x", 1)):
        assert client.get(f"/amendments/{query}").context["page"].paginator.count == count
    assert "还没有修订" in _page(client, "/amendments/?state=withdrawn")
