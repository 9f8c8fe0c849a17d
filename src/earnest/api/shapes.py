"""Types that several operations share: names, ids, parties, pages."""

from typing import Annotated, Literal

from ninja import Path, Query, Schema
from pydantic import StringConstraints

LIMIT_MAX = 500

Text = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A name or an id: no control characters, at most 64 characters."""

PartyKind = Literal["provider", "shop"]
"""The kinds of parties that are measured and judged."""

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="most rows to return")]
KindPath = Annotated[PartyKind, Path(description="kind of party")]
IdPath = Annotated[Text, Path(description="id of the party")]


class SubjectQuery(Schema):
    """Limits a list to one kind of party or to one party."""

    subject_kind: PartyKind | None = None
    subject: Text | None = None


class Bilingual(Schema):
    """A text in Chinese and in English."""

    zh: str
    en: str
