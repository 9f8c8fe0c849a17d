"""Tables of who takes part in a marketplace."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class Marketplace(models.Model):
    """One operator's marketplace (a tenant).

    ``clock_at`` is set only where time is simulated (a demo, a sandbox): edges then take it as now.
    """

    tenant_id = models.CharField(max_length=40, primary_key=True)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)
    clock_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name_en


class Provider(models.Model):
    """A service provider (服务商) of the supply market."""

    tenant_id = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    entity_name = models.CharField(max_length=200, blank=True)
    service_category = models.CharField(max_length=40)
    controller_ref = models.CharField(max_length=64, blank=True)
    admitted_on = models.DateField()
    left_on = models.DateField(null=True)

    class Meta:
        """One row per provider of a tenant."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "provider_id"], name="provider_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.name}"


class ReservedProvider(models.Model):
    """An id that is kept for a provider that was invited and is not open yet (S0-1.3-invite).

    The feed may tell of it before it opens (its trial); it takes part only from the opening on.
    """

    tenant_id = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    entity_name = models.CharField(max_length=200)
    reserved_at = models.DateTimeField()
    freed_at = models.DateTimeField(null=True)

    class Meta:
        """An id is kept for one party only, also after it was opened or given up."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "provider_id"], name="reserved_provider_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.name}"


class Shop(models.Model):
    """An enterprise shop (企业店铺)."""

    tenant_id = models.CharField(max_length=40)
    shop_id = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    entity_name = models.CharField(max_length=200, blank=True)
    subject_type = models.CharField(max_length=20, default="enterprise")
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)

    class Meta:
        """One row per shop of a tenant."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "shop_id"], name="shop_once")
        ]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.name}"


class ShopCategory(models.Model):
    """A category that a shop has opened, with the days it was open."""

    tenant_id = models.CharField(max_length=40)
    shop_id = models.CharField(max_length=64)
    category_id = models.CharField(max_length=64)
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)

    class Meta:
        """A category may be opened again after it was closed."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "shop_id", "category_id", "opened_on"],
                name="shop_category_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.category_id}"


class Membership(models.Model):
    """What a signed-in person is here: a role, and for a party's people the party."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="membership"
    )
    tenant_id = models.CharField(max_length=40)
    role = models.CharField(max_length=20)
    subject_kind = models.CharField(max_length=20, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.role} {self.subject_id}".strip()


class SignInTries(models.Model):
    """Failed tries to sign in that count together: for one name, from one browser or address.

    The table is no tenant's: whose a name is shows only after the sign-in. It keeps no name and no
    address, and a row is forgotten when nothing was added to it for long.

    Attributes:
        key: a hash, made with the installation's key, of what the tries have in common.
        failures: how many there were; it begins anew after the window of the settings.
        failed_at: when the last of them was, by the real clock like ``waits_until``.
        waits_until: no further try is taken before then.
    """

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.IntegerField()
    failed_at = models.DateTimeField(db_index=True)
    waits_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.key[:8]} {self.failures}"
