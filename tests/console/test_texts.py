"""Every text in both languages, and none beside the catalogue."""

import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from django.template.loader import get_template

from earnest import console
from earnest.assessment.providers import DUTIES
from earnest.authoring.lint import SEVERITIES
from earnest.consequences.words import CAPABILITIES, CONDITIONS, MEASURES, OUTCOMES
from earnest.console import texts
from earnest.console.forms import IMPORTANCES
from earnest.console.texts import TEXTS
from earnest.console.texts.deposit_pages import DEPOSIT_PAGES
from earnest.console.texts.pages import PAGES
from earnest.console.texts.rulebooks import RULEBOOKS
from earnest.console.texts.shell import SHELL
from earnest.console.views.amendments import STATES as DRAFT_STATES
from earnest.console.views.amendments import STEPS
from earnest.console.views.decisions import DECISION_COLUMNS, FINDING_COLUMNS, STATES
from earnest.market.roles import PERMISSIONS

ROOT = Path(console.__file__).parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CHINESE = re.compile(r"[\u3400-\u9fff]")
PLACES = re.compile(r"\{(\w*)\}")
TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
MARKUP = re.compile(r"<[^>]*>", re.DOTALL)
READ_ALOUD = re.compile(r'(?:placeholder|aria-label|title|alt)="([^"]*)"')
SAME_IN_BOTH = {"language.zh", "language.en", "service.erp"}


def test_every_text_is_in_both_languages() -> None:
    """Chinese is Chinese, English has no Chinese in it, and both have the same places."""
    wrong = [
        key
        for key, (zh, en) in TEXTS.items()
        if key not in SAME_IN_BOTH and (not zh.strip() or not en.strip() or CHINESE.search(en))
    ]
    assert wrong == []
    plain = re.compile(r"^[ -~]*$")
    assert [
        key
        for key, (zh, _) in TEXTS.items()
        if plain.match(zh) and key not in SAME_IN_BOTH and key not in {"cause.and", "shell.name"}
    ] == []
    places = {
        key: (sorted(PLACES.findall(zh)), sorted(PLACES.findall(en)))
        for key, (zh, en) in TEXTS.items()
    }
    assert [key for key, (zh, en) in places.items() if zh != en] == []


def test_no_text_hides_another() -> None:
    """A key stands in one module only."""
    modules = (
        import_module(f"{texts.__name__}.{each.name}") for each in iter_modules(texts.__path__)
    )
    parts = [part for each in modules for name, part in vars(each).items() if name.isupper()]
    assert len(parts) >= 7
    assert len(TEXTS) == sum(map(len, parts))


def test_every_key_asked_for_is_there() -> None:
    """Templates and views name only texts that exist, and no text is left over."""
    sources = [path.read_text() for path in (*TEMPLATES, *ROOT.rglob("*.py"))]
    asked = {
        key
        for source in sources
        for key in re.findall(r"""(?:\{% t |text\(\s*)["']([\w.]+)["']""", source)
    }
    assert asked - set(TEXTS) == set()
    everything = "\n".join(sources)
    families = {
        "headroom", "ledger", "column", "queue.done", "receipt", "problem", "editor.wrong_input",
        "editor.wrong_output", "amendment.done", "sample.done", "change_kind", "change_section",
        "draft_state", "draft_change", "importance", "sample_state", "sample_act", "remark",
        "unit_word", "case_column", "claim_column", "payout.next", "payout.say",
    }  # fmt: skip
    unused = [
        key
        for key in (*SHELL, *PAGES, *RULEBOOKS, *DEPOSIT_PAGES)
        if everything.count(f'"{key}"') + everything.count(f"'{key}'") < 2
        and not any(key.startswith(f"{family}.") for family in families)
    ]
    assert unused == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_carries_words_of_its_own(path: Path) -> None:
    """What a person reads in a template comes from the catalogue or from data."""
    source = path.read_text()
    get_template(str(path.relative_to(ROOT / "templates")))
    assert not CHINESE.search(source)
    for spoken in READ_ALOUD.findall(TAGS.sub("", source)):
        assert not re.search(r"[A-Za-z]{2}", spoken)
    visible = MARKUP.sub(" ", TAGS.sub(" ", source))
    words = set(re.findall(r"[A-Za-z]{2,}", visible)) - {"earnest", "doctype", "html"}
    assert words == set()


def test_every_value_has_a_word() -> None:
    """Roles, states, outcomes, measures, capabilities and conditions all have words."""
    wanted = {
        *(f"role.{role}" for role in PERMISSIONS),
        *(f"state.{state}" for state in STATES),
        *(f"outcome.{outcome}" for outcome in OUTCOMES),
        *(f"measure.{measure}" for measure in MEASURES),
        *(f"measure_definition.{duty.measure}" for duty in DUTIES),
        *(f"capability.{capability}" for capability in CAPABILITIES),
        *(f"condition.{condition}" for condition in CONDITIONS),
        *(f"column.{column}" for column in (*DECISION_COLUMNS, *FINDING_COLUMNS)),
        *(f"draft_state.{state}" for state in (*DRAFT_STATES, "approved")),
        *(f"importance.{importance}" for importance in IMPORTANCES),
        *(f"amendment.done.{step}" for step in STEPS),
        *(f"remark.{severity}" for severity in SEVERITIES.values()),
    }
    assert wanted - set(TEXTS) == set()


def test_every_reason_of_a_measure_has_a_word() -> None:
    """Each code that a measure gives for an order is explained to its reader."""
    from earnest import measures

    codes: set[str] = set()
    for path in Path(measures.__file__).parent.glob("*.sql"):
        if path.name == "sales_month.sql":
            continue
        source = path.read_text()
        for block in re.findall(r"(CASE.*?)END AS why", source, re.DOTALL):
            last = block[block.rindex("CASE") :]
            codes |= set(re.findall(r"(?:THEN|ELSE) '(\w+)'", last))
    assert len(codes) > 10
    assert {f"why.{code}" for code in codes} - set(TEXTS) == set()
