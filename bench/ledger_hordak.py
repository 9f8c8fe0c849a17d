"""django-hordak's turns of ``./run bench ledger``: ``transfer_to``, and ``bulk_create`` in batches.

It needs Django settings and a database of its own. Its accounts have no limits and its transfers
no ids of the caller, so it is asked for less than the ledger; its deferred triggers check that the
legs of a transaction balance.
"""

import random
import sys
from urllib.parse import parse_qsl, unquote, urlsplit

import django
from django.conf import settings
from django.core.management import call_command

from ledger_child import Work, callers, serve

ACCOUNTS = 10_000
AMOUNT_MAX = 100
CURRENCY = "CNY"


def settings_make(url: str) -> None:
    """Give Django what hordak needs."""
    parts = urlsplit(url)
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path.lstrip("/"),
                "USER": unquote(parts.username or ""),
                "HOST": dict(parse_qsl(parts.query))["host"],
                "CONN_MAX_AGE": None,
            }
        },
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "mptt",
            "djmoney",
            "hordak",
        ],
        CURRENCIES=(CURRENCY,),
        DEFAULT_CURRENCY=CURRENCY,
        HORDAK_INTERNAL_CURRENCY=CURRENCY,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        SECRET_KEY="measured",
        USE_TZ=True,
    )
    django.setup()


def accounts_make() -> None:
    """Make the tables and the accounts, all of them roots, by the quickest way."""
    from hordak.models import Account, AccountType  # noqa: PLC0415 - after Django is set up

    call_command("migrate", interactive=False, verbosity=0)
    Account.objects.bulk_create(
        Account(
            name=f"account {number}",
            type=AccountType.liability,
            currencies=[CURRENCY],
            lft=1,
            rght=2,
            tree_id=number + 1,
            level=0,
        )
        for number in range(ACCOUNTS)
    )


def main() -> None:
    """Serve the benchmark: the address of hordak's database."""
    settings_make(sys.argv[1])
    if sys.argv[2:] == ["make"]:
        accounts_make()
        return
    from django.db import connection, transaction  # noqa: PLC0415 - same
    from hordak.models import Account, Leg, Transaction  # noqa: PLC0415 - same
    from moneyed import Money  # noqa: PLC0415 - same

    accounts = list(Account.objects.all())

    def sketch() -> tuple[Account, Account, int]:
        debit, credit = random.sample(accounts, 2)
        return debit, credit, random.randint(1, AMOUNT_MAX)

    def one(_: int) -> int:
        debit, credit, amount = sketch()
        debit.transfer_to(credit, Money(amount, CURRENCY))
        return 1

    def bulk(sketches: list[tuple[Account, Account, int]], size: int) -> int:
        for start in range(0, len(sketches), size):
            batch = sketches[start : start + size]
            with transaction.atomic():
                made = Transaction.objects.bulk_create(Transaction() for _ in batch)
                Leg.objects.bulk_create(
                    leg
                    for row, (debit, credit, amount) in zip(made, batch, strict=True)
                    for leg in (
                        Leg(transaction=row, account=debit, credit=Money(amount, CURRENCY)),
                        Leg(transaction=row, account=credit, debit=Money(amount, CURRENCY)),
                    )
                )
        return len(sketches)

    def prepare(what: str, **how: float) -> Work:
        if what == "bulk_create":
            sketches = [sketch() for _ in range(int(how["count"]))]
            return lambda: bulk(sketches, int(how["size"]))
        connection.ensure_connection()
        return callers(int(how["connections"]), how["seconds"], one)

    serve(prepare)


if __name__ == "__main__":
    main()
