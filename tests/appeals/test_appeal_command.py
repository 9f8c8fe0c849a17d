"""The list of appeals on the command line says where nobody is left, and what to do."""

import json

import pytest
from click.testing import CliRunner
from pytest_django.fixtures import Settings

from earnest.cli.appeals import appeal
from earnest.market.commands import clock_set, person_add
from tests.appeals.scene import AUGUST, HEARER, LOW, filed, month_judge, tenant_new, ticket_of

pytestmark = pytest.mark.django_db


def test_the_list_says_which_appeal_nobody_is_left_for(settings: Settings) -> None:
    """Its column names the reason, the line below says whom to invite; then both are gone."""
    tenant = settings.TENANT = tenant_new()
    hidden = month_judge(tenant, AUGUST, LOW)
    assert hidden is not None
    clock_set(tenant, hidden.made_at)
    number = filed(tenant, ticket_of(hidden), AUGUST).number
    rows, below = _listed()
    assert [(each["number"], each["stuck"]) for each in rows] == [(number, "nobody_to_hear")]
    assert f"{number}: nobody is left to hear the appeal" in below
    assert "earnest person" in below
    for name, role in ((HEARER, "service"), ("boss", "finance")):
        person_add(tenant, f"{name}-{tenant}", "long-enough-1", role=role)
    rows, below = _listed()
    assert ([each["stuck"] for each in rows], below) == ([""], "")


def _listed() -> tuple[list[dict[str, str]], str]:
    done = CliRunner().invoke(appeal, ["list", "--format", "json"], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout), done.stderr
