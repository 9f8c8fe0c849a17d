"""Readings of one text: with the drafts, without an act, or with another choice."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from earnest.kernel.errors import BadInput
from earnest.policy.problems import nearest
from earnest.policy.shape import Instrument, Interpretation


@dataclass(frozen=True)
class Reading:
    """How a pack's text is read; the same readings compare equal.

    Attributes:
        drafts: values of acts in draft or consultation decide too. No decision may rest on it.
        without: the acts whose values do not decide, for a party that objected to them.
        choices: the interpretations read in another way, each with the option in use.
    """

    drafts: bool = False
    without: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "without", tuple(sorted(set(self.without))))
        object.__setattr__(self, "choices", tuple(sorted(dict(self.choices).items())))

    @property
    def is_default(self) -> bool:
        """Tell whether it is the plain reading: what the text itself says."""
        return self == DEFAULT

    def as_dict(self) -> dict[str, Any]:
        """Return what differs from the plain reading, as plain data."""
        parts: dict[str, Any] = {
            "drafts": self.drafts, "without": list(self.without), "choices": dict(self.choices),
        }  # fmt: skip
        return {name: part for name, part in parts.items() if part}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Reading":
        """Read it back from plain data."""
        return cls(
            data.get("drafts", False),
            tuple(data.get("without", ())),
            tuple(data.get("choices", {}).items()),
        )

    def checked(
        self, instruments: Collection[Instrument], interpretations: Mapping[str, Interpretation]
    ) -> "Reading":
        """Return it without the choices that the text makes anyway.

        Raises:
            BadInput: it names an act, an interpretation or an option that the text does not have.
        """
        acts = [act.id for act in instruments]
        for act in self.without:
            if act not in acts:
                raise _unknown("instrument", act, acts, "文件")
        choices: list[tuple[str, str]] = []
        open_ones = {name: each for name, each in interpretations.items() if each.options}
        for name, option in self.choices:
            if name not in open_ones:
                raise _unknown("interpretation", name, open_ones, "有选项的解释")
            if option not in open_ones[name].options:
                raise _unknown("option", option, open_ones[name].options, "选项")
            if option != open_ones[name].choice:
                choices.append((name, option))
        return Reading(self.drafts, self.without, tuple(choices))

    def chosen(self, interpretations: Mapping[str, Interpretation]) -> dict[str, Interpretation]:
        """Return the interpretations with the options in use."""
        choices = dict(self.choices)
        return {
            name: each.model_copy(update={"choice": choices[name]}) if name in choices else each
            for name, each in interpretations.items()
        }


DEFAULT = Reading()


def _unknown(kind: str, name: str, known: Collection[str], said: str) -> BadInput:
    zh, en = nearest(name, known)
    listed = ", ".join(known)
    return BadInput(
        f"unknown_{kind}", where=name,
        zh=f"规则包里没有名为 {name!r} 的{said}{zh or f'；可选 {listed}'}",
        en=f"the pack has no {kind} {name!r}{en or f'; it has {listed}'}",
    )  # fmt: skip
