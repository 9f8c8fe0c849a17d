"""The documents against the program: nothing undocumented, no link into nothing."""

import re
from pathlib import Path

import pytest

from earnest.api.v1 import api
from earnest.cli import COMMANDS, REPOSITORY
from earnest.market.roles import PERMISSIONS
from tests.api.conftest import BASE

PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def text_of(page: str) -> str:
    """Return a page's text."""
    return (REPOSITORY / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the project leads to a file that is there."""
    links = LINK.findall(page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_one_title(page: Path) -> None:
    """Every page begins with its only title; code blocks do not count."""
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert prose.startswith("# ")
    assert len(re.findall(r"^# ", prose, flags=re.MULTILINE)) == 1


def test_every_command_is_documented() -> None:
    """The page of commands names each command of the program."""
    page = text_of("docs/commands.md")
    assert [name for name in COMMANDS if f"`earnest {name}" not in page] == []


def test_every_command_that_a_page_uses_exists() -> None:
    """No page tells people to run a command that there is not."""
    used = {
        name
        for page in PAGES
        for name in re.findall(r"\./run earnest ([a-z]+)", page.read_text(encoding="utf-8"))
    }
    assert used <= set(COMMANDS)


def test_every_address_and_role_of_the_api_is_documented() -> None:
    """The page of the API names each address (by its first part) and each role."""
    page = text_of("docs/api.md")
    for path in api.get_openapi_schema()["paths"]:
        first = path.removeprefix(BASE).split("/")[1]
        assert f"/{first}" in page, path
    for role in PERMISSIONS:
        assert f"`{role}`" in page, role


def test_both_readmes_tell_the_same() -> None:
    """The two READMEs have the same commands, settings and headings in number."""
    english, chinese = text_of("README.md"), text_of("README.zh.md")
    for pattern in (r"`EARNEST_[A-Z_]+`", r"\./run [a-z]+ ?[a-z]*", r"^## ", r"^\| \d+ \|"):
        found = [re.findall(pattern, text, flags=re.MULTILINE) for text in (english, chinese)]
        assert found[0] == found[1], pattern
