"""``earnest webhook``, ``earnest mail`` and ``earnest deadlines``: typed, and answered."""

import json

import pytest
from click import Command
from click.testing import CliRunner, Result
from django.conf import settings as django_settings

from earnest.cli.deadlines import deadlines
from earnest.cli.deliveries import mail, webhook
from earnest.deliveries.models import Delivery, Endpoint, EndpointSecret, MailAddress
from earnest.deliveries.sealing import opened
from earnest.market.models import Provider
from tests.deliveries.conftest import P1


@pytest.fixture(autouse=True)
def tenant(parties: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line work for the tenant of the parties."""
    monkeypatch.setattr(django_settings, "TENANT", parties)


def run(command: Command, *words: str) -> Result:
    """Run a command and expect it to end well."""
    result = CliRunner().invoke(command, words)
    assert result.exit_code == 0, result.output
    return result


def rows(command: Command, *words: str) -> list[dict[str, object]]:
    """Return what a reading command prints as JSON."""
    return json.loads(run(command, *words, "--format", "json").stdout)


def test_a_webhook_from_its_adding_to_its_end() -> None:
    """The secret is printed once; a ping waits; rotated, disabled and enabled; all of it listed."""
    words = ("https://a.example/", "--subject", "provider:P1", "--event", "notice.sent")
    (added,) = rows(webhook, "add", *words)
    id_ = str(added["id"])
    assert opened(EndpointSecret.objects.get().sealed) == added["secret"]
    run(webhook, "test", id_)
    (waiting,) = rows(webhook, "deliveries", "--state", "waiting", "--event", "ping")
    assert rows(webhook, "attempts", str(waiting["id"])) == []
    (rotated,) = rows(webhook, "rotate", id_)
    assert rotated["secret"] != added["secret"]
    run(webhook, "disable", id_)
    run(webhook, "enable", id_)
    run(webhook, "again", str(waiting["id"]))
    (listed,) = rows(webhook, "list")
    assert (listed["owner"], listed["state"], listed["waiting"]) == ("provider:P1", "active", 1)
    assert listed["events"] == ["notice.sent"]
    assert "whsec_" not in json.dumps(listed)
    kinds = {each["event"]: each["for_parties"] for each in rows(webhook, "events")}
    assert (kinds["decision.made"], kinds["decision.in_effect"]) == (False, True)
    assert Endpoint.objects.get().subject == P1


def test_a_mailbox_from_its_adding_to_its_end() -> None:
    """Added with a link on its way, listed as not verified, removed."""
    (added,) = rows(mail, "add", "provider:P1", "ops@p1.example", "--language", "en")
    (link,) = rows(mail, "deliveries")
    assert (link["event"], link["to"]) == ("mail.verify", "ops@p1.example")
    (listed,) = rows(mail, "list", "--subject", "provider:P1")
    assert (listed["verified_at"], listed["language"]) == (None, "en")
    run(mail, "remove", str(added["id"]))
    assert rows(mail, "list") == []
    assert MailAddress.objects.get().removed_at is not None
    assert Delivery.objects.get().state == "dropped"


def test_deadlines_of_a_quiet_market() -> None:
    """Nothing is due, of everybody or of one party; an unknown kind is refused with the choices."""
    assert Provider.objects.count() == 2
    assert rows(deadlines) == rows(deadlines, "--subject", "provider:P1", "--overdue") == []
    refused = CliRunner().invoke(deadlines, ["--kind", "nonsense"])
    assert refused.exit_code == 2
    assert "shortage" in refused.output
