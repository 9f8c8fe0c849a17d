"""What is wrong with a pack: collected, all of it, before the pack is refused."""

from collections.abc import Iterable
from difflib import get_close_matches

from earnest.kernel.errors import BadInput, Problem


class PackError(BadInput):
    """A pack cannot be used. ``problems`` lists everything that is wrong with it, in file order."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        more = len(problems) - 1
        first = problems[0]
        super().__init__(
            first.code,
            where=first.where,
            zh=first.zh + (f"（另有 {more} 处问题）" if more else ""),
            en=first.en + (f" (and {more} more)" if more else ""),
        )

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def nearest(name: str, known: Iterable[str]) -> tuple[str, str]:
    """Return the hint "did you mean ...?" in Chinese and English; empty when nothing is near."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.6)
    if not matches:
        return "", ""
    return f"；是否想写 {matches[0]!r}？", f"; did you mean {matches[0]!r}?"
