"""The JSON Schema takes the packs that load, and not those that are misspelt."""

from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from earnest.authoring.schema import pack_schema
from earnest.policy.document import Document
from tests.authoring.books import EVERY_FORM, SHIPPED, STALL, changed

SCHEMA = pack_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def plain(value: Any) -> Any:
    """Return a pack's data as an editor sees it: days as text."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def wrong(text: str) -> list[str]:
    """Return what the schema says is wrong with a pack's text."""
    return [error.message for error in VALIDATOR.iter_errors(plain(Document(text, "p").data))]


@pytest.mark.parametrize("path", [*SHIPPED.values(), EVERY_FORM], ids=lambda path: path.stem)
def test_packs_that_load_are_valid(path: Path) -> None:
    """The schema itself is one, and has nothing against a pack that loads."""
    VALIDATOR.check_schema(SCHEMA)
    assert wrong(path.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rulebook: stall", "rulebok: stall"),
        ("state: draft", "state: drafted"),
        ("unit: ppm", "unit: percent"),
        ("inputs: {sales: CNY}", "inputs: {Sales: CNY}"),
        ('when: "< 5000"', 'when: "< 5000 <"'),
        ("held: {each: goods}", "held: {eech: goods}"),
        ("status: definition", "status: defined"),
        ("governed_by: asked_on", "governed_on: asked_on"),
        ("then: [3000]", "then: 3000"),
        ("in: {asked_on", "inn: {asked_on"),
    ],
)
def test_a_broken_pack_is_not_valid(old: str, new: str) -> None:
    """A misspelt key, state, unit, name, cell, form of a fact: each is found."""
    assert wrong(STALL) == []
    assert wrong(changed((old, new)))


def test_a_pack_that_extends_gives_only_what_differs() -> None:
    """Nothing is missing in it, null takes an entry away; a misspelt key is found all the same."""
    child = "rulebook: child\nextends: base.yaml\nparameters: {late_max: null}\n"
    child += "decisions: {required: {steps: {by_sales: {expr: '0'}}}}\n"
    assert wrong(child) == []
    assert wrong(child.replace("expr", "exprr"))
    assert wrong(child.replace("extends: base.yaml\n", ""))


def test_an_editor_can_explain() -> None:
    """Sections and the expression language are described where they are written."""
    step = SCHEMA["$defs"]["Step"]["properties"]["expr"]["description"]
    assert "highest(elements" in step
    assert "add_months(day, months)" in step
    assert SCHEMA["$defs"]["Book"]["properties"]["clauses"]["description"]
