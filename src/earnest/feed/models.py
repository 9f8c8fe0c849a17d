"""Tables of the feed: batches, the manifest of files, rejected rows, places of orders."""

from django.db import models


class FeedBatch(models.Model):
    """One stream's part of a publication, numbered per tenant in the order of publication."""

    pk = models.CompositePrimaryKey("tenant_id", "number")
    tenant_id = models.CharField(max_length=40)
    number = models.BigIntegerField()
    batch_id = models.UUIDField()
    stream = models.CharField(max_length=40)
    source = models.CharField(max_length=200)
    origin = models.CharField(max_length=500)
    taken_at = models.DateTimeField()
    accepted = models.BigIntegerField()
    duplicate = models.BigIntegerField()
    rejected = models.BigIntegerField()
    waiting = models.BigIntegerField()

    class Meta:
        """Named and found by its id."""

        db_table = "feed_batch"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "batch_id"], name="feed_batch_id")
        ]


class FeedFile(models.Model):
    """One file of the manifest. ``retired_batch`` is set when a later publication replaced it."""

    pk = models.CompositePrimaryKey("tenant_id", "path")
    tenant_id = models.CharField(max_length=40)
    path = models.CharField(max_length=200)  # within the tenant's folder of events
    stream = models.CharField(max_length=40)
    day = models.IntegerField()
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    first_us = models.BigIntegerField(null=True)
    last_us = models.BigIntegerField(null=True)
    batch = models.BigIntegerField()
    retired_batch = models.BigIntegerField(null=True)

    class Meta:
        """Readers ask for the live files of a stream by day."""

        db_table = "feed_file"
        indexes = [
            models.Index(
                fields=["tenant_id", "stream", "day"],
                name="feed_file_live",
                condition=models.Q(retired_batch__isnull=True),
            ),
        ]


class FeedRejection(models.Model):
    """One fault of one row that was not taken, with the row as it came."""

    pk = models.CompositePrimaryKey("tenant_id", "rejection_id")
    tenant_id = models.CharField(max_length=40)
    rejection_id = models.UUIDField()
    batch = models.BigIntegerField()
    stream = models.CharField(max_length=40)
    source = models.CharField(max_length=200)
    origin = models.CharField(max_length=500)
    row = models.BigIntegerField()
    field = models.TextField()
    code = models.CharField(max_length=60)
    zh = models.TextField()
    en = models.TextField()
    original = models.TextField()
    rejected_at = models.DateTimeField()

    class Meta:
        """Listed by batch and by stream."""

        db_table = "feed_rejection"
        indexes = [
            models.Index(fields=["tenant_id", "batch", "row"], name="feed_rejection_batch"),
        ]


class OrderPlace(models.Model):
    """Where an order's events are stored: the day of its first known payment, else of its start."""

    pk = models.CompositePrimaryKey("tenant_id", "order_id")
    tenant_id = models.CharField(max_length=40)
    order_id = models.TextField()
    day = models.IntegerField()
    paid_us = models.BigIntegerField(null=True)
    started_us = models.BigIntegerField()
    shop_id = models.TextField(null=True)

    class Meta:
        """A directory, read and written by key."""

        db_table = "feed_order_place"


class ParcelPlace(models.Model):
    """Which order a waybill carries; traces name the waybill only."""

    pk = models.CompositePrimaryKey("tenant_id", "carrier", "waybill_no", "direction", "order_id")
    tenant_id = models.CharField(max_length=40)
    carrier = models.TextField()
    waybill_no = models.TextField()
    direction = models.CharField(max_length=20)
    order_id = models.TextField()

    class Meta:
        """A directory, read by waybill and by order."""

        db_table = "feed_parcel_place"
        indexes = [models.Index(fields=["tenant_id", "order_id"], name="feed_parcel_order")]


class DirtyDay(models.Model):
    """The last publication that changed a stream's day; readers keep the number they have seen."""

    pk = models.CompositePrimaryKey("tenant_id", "stream", "day")
    tenant_id = models.CharField(max_length=40)
    stream = models.CharField(max_length=40)
    day = models.IntegerField()
    batch = models.BigIntegerField()

    class Meta:
        """Asked for by publication number."""

        db_table = "feed_dirty_day"
        indexes = [models.Index(fields=["tenant_id", "batch"], name="feed_dirty_batch")]
