"""Golden cases: facts and the outcome that they must give, held against the pack as it is read."""

from datetime import date
from typing import TYPE_CHECKING, Any

from earnest.kernel.errors import EarnestError
from earnest.policy.document import Document, Path
from earnest.policy.problems import nearest
from earnest.policy.shape import Case

if TYPE_CHECKING:
    from earnest.policy.pack import Pack


def check_cases(document: Document, pack: "Pack") -> None:
    """Note every golden case whose outcome is another one. Only a pack without problems is run."""
    if document.problems:
        return
    for index, case in enumerate(pack.cases):
        path: Path = ("cases", index)
        if case.decision not in pack.decisions:
            zh, en = nearest(case.decision, pack.decisions)
            document.add(
                (*path, "decision"),
                "unknown_name",
                f"没有决定 {case.decision!r}{zh}",
                f"no decision {case.decision!r}{en}",
            )
            continue
        try:
            for zh, en in _differences(pack, case):
                document.add(path, "case", f"例子不符：{zh}", f"the case differs: {en}")
        except EarnestError as error:
            problem = error.problem
            document.add((*path, "in"), problem.code, problem.zh, problem.en)


def _differences(pack: "Pack", case: Case) -> list[tuple[str, str]]:
    """Return what differs, in Chinese and English."""
    evaluation = pack.evaluate(case.decision, case.facts)
    if evaluation.refusal is not None:
        if case.refused == evaluation.refusal.key:
            return []
        refusal, code = evaluation.refusal, f'refused: "{evaluation.refusal.key}"'
        zh = f"不作判定，{refusal.zh}；若应如此，请写 {code}"
        return [(zh, f"refused, {refusal.en}; if that is right, write {code}")]
    if case.refused:
        return [
            (f"应为 {case.refused}，却作出了判定", f"{case.refused} expected, but it was decided")
        ]
    values: dict[str, Any] = {entry["name"]: entry["value"] for entry in evaluation.trace
                              if entry["entry"] == "step"}  # fmt: skip
    values |= {name: _plain(value) for name, value in evaluation.result.items()}
    return [
        (
            f"{name} 是 {values.get(name)!r}，应为 {_plain(wanted)!r}",
            f"{name} is {values.get(name)!r}, expected {_plain(wanted)!r}",
        )
        for name, wanted in case.outcome.items()
        if name not in values or values[name] != _plain(wanted)
    ]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
