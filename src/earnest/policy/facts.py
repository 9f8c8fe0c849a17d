"""The facts of a decision: checked when they come in, and brought into their one inner form."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from earnest.kernel.errors import BadInput
from earnest.policy.fact_forms import FactSpec, compile_fact
from earnest.policy.kinds import DATE, NUMBER_MAX, TEXT, WrongValue, in_range, known, shown
from earnest.policy.nodes import Collection
from earnest.policy.problems import nearest
from earnest.policy.refusal import Refusal

__all__ = ["FactSpec", "compile_fact", "plain", "take"]

Element = tuple[date, Any]
"""A series' element: its date, and its value or values, None where there is nothing to assess."""


def take(
    specs: Mapping[str, FactSpec], facts: Mapping[str, Any], governed_by: str
) -> tuple[dict[str, Any], Refusal | None]:
    """Check facts against their declarations and bring them into their inner form.

    Gives the values and, where a fact is missing or cannot be judged, the refusal.

    Raises:
        BadInput: a fact is not declared or has the wrong type.
    """
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    for name, spec in specs.items():
        raw = facts.get(name)
        if raw is None:
            refusal = refusal or _missing(name)
            continue
        try:
            values[name] = _taken(spec, raw)
        except WrongValue as error:
            raise BadInput(
                "wrong_fact",
                where=name,
                zh=f"事实 {name} 应是{_form_zh(spec)}：{error.zh}",
                en=f"fact {name} must be {spec}: {error}",
            ) from None
        if refusal is None:
            refusal = _incomplete(spec, values[name]) or _beyond(spec, values[name])
            refusal = refusal or _not_listed(spec, values[name])
    for name in facts:
        if name not in specs:
            zh, en = nearest(name, specs)
            raise BadInput(
                "unknown_fact", where=name,
                zh=f"此决定没有事实 {name!r}{zh}", en=f"the decision has no fact {name!r}{en}",
            )  # fmt: skip
    return values, refusal or _out_of_time(specs, values, governed_by)


def plain(specs: Mapping[str, FactSpec], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return checked facts as plain data in their one form, as a receipt keeps them."""
    facts: dict[str, Any] = {}
    for name, value in values.items():
        collection = specs[name].collection
        if collection is None:
            facts[name] = _day_as_text(value)
        elif collection.form == "series":
            facts[name] = [[at.isoformat(), _plain_element(collection, each)] for at, each in value]
        elif collection.form == "records":
            facts[name] = [_plain_element(collection, each) for each in value]
        else:
            facts[name] = [_day_as_text(each) for each in value]
    return facts


def _day_as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _plain_element(collection: Collection, element: Any) -> Any:
    if element is None:
        return None
    if collection.single:
        return _day_as_text(element)
    return {name: _day_as_text(element[name]) for name in collection.fields}


def _taken(spec: FactSpec, raw: Any) -> Any:
    if spec.collection is None:
        return known(spec.kind, raw)
    return _FORMS[spec.collection.form](spec.collection, raw)


def _texts(_: Collection, raw: Any) -> list[Any]:
    return [known(TEXT, each) for each in _listed(raw)]


def _list(collection: Collection, raw: Any) -> list[Any]:
    kind = collection.fields["value"]
    return [None if each is None else known(kind, each) for each in _listed(raw)]


def _listed(raw: Any) -> list[Any]:
    if not isinstance(raw, list | tuple):
        raise WrongValue(f"{shown(raw)} 不是列表", f"{raw!r} is not a list")
    return list(raw)


def _records(collection: Collection, raw: Any) -> list[dict[str, Any]]:
    """Read rows of named values, in the order given; what is not said stays None."""
    return [_record(collection, each) for each in _listed(raw)]


def _record(collection: Collection, raw: Any) -> dict[str, Any]:
    fields = collection.fields
    if raw is None:
        return dict.fromkeys(fields)
    if not isinstance(raw, Mapping):
        raise _not_held(fields, raw)
    unknown = [name for name in raw if name not in fields]
    if unknown:
        zh, en = nearest(str(unknown[0]), fields)
        raise WrongValue(
            f"一行里没有 {unknown[0]!r}，只有 {'、'.join(fields)}{zh}",
            f"a row has no {unknown[0]!r}, only {', '.join(fields)}{en}",
        )
    return {
        name: None if raw.get(name) is None else known(kind, raw[name])
        for name, kind in fields.items()
    }


def _series(collection: Collection, raw: Any) -> list[Element]:
    """Read a series, given as ``[at, value]`` pairs or ``{"at", "value"}`` mappings, by date."""
    elements: list[Element] = []
    for each in _listed(raw):
        match each:
            case {"at": at, "value": value, **rest} if not rest:
                elements.append(_element(collection, at, value))
            case [at, value]:
                elements.append(_element(collection, at, value))
            case _:
                raise WrongValue(f"{shown(each)} 不是 [日期, 值]", f"{each!r} is not [at, value]")
    elements.sort(key=lambda element: element[0])
    return elements


def _element(collection: Collection, at: Any, raw: Any) -> Element:
    day: date = known(DATE, at)
    if raw is None:
        return day, None
    if collection.single:
        return day, known(collection.fields["value"], raw)
    if not isinstance(raw, Mapping) or set(raw) != set(collection.fields):
        raise _not_held(collection.fields, raw)
    if any(raw[name] is None for name in collection.fields):
        return day, None
    return day, {
        "at": day,
        **{name: known(kind, raw[name]) for name, kind in collection.fields.items()},
    }


def _not_held(fields: Iterable[str], raw: Any) -> WrongValue:
    return WrongValue(
        f"{shown(raw)} 应含 {'、'.join(fields)}", f"{raw!r} does not hold {', '.join(fields)}"
    )


_FORMS: dict[str, Callable[[Collection, Any], Any]] = {
    "each": _texts,
    "list": _list,
    "records": _records,
    "series": _series,
}


def _form_zh(spec: FactSpec) -> str:
    """Say in Chinese how a fact is given."""
    collection = spec.collection
    if spec.options:
        return f" {'、'.join(spec.options)} 之一"
    if collection is None:
        return f"单个值（{spec.kind}）"
    if collection.form == "records":
        return f"若干行，每行有 {'、'.join(collection.fields)}"
    if collection.form == "series":
        return f"按日期排列的值，写作 [日期, 值]，值为 {'、'.join(collection.fields)}"
    return f"列表，各项是{'文本' if collection.form == 'each' else f' {spec.kind}'}"


def _missing(name: str) -> Refusal:
    return Refusal("missing_fact", name, "", f"缺少事实 {name}", f"fact {name} is missing")


def _incomplete(spec: FactSpec, value: Any) -> Refusal | None:
    """Refuse a list or rows in which a value is missing."""
    collection, name = spec.collection, spec.name
    if collection is None or collection.form not in ("list", "records"):
        return None
    for row, element in enumerate(value, start=1):
        if collection.form == "list":
            zh, en = f"第 {row} 个值", f"value {row}"
            missing = element is None
        else:
            field = next((each for each in collection.fields if element[each] is None), None)
            zh, en = f"第 {row} 行的 {field}", f"{field} of row {row}"
            missing = field is not None
        if missing:
            return Refusal(
                "missing_fact", name, "",
                f"事实 {name} 缺少{zh}", f"fact {name} lacks {en}",
            )  # fmt: skip
    return None


def _values(collection: Collection, value: Any) -> Iterator[Any]:
    """Go through every single value of a fact with several elements."""
    if collection.form in ("each", "list"):
        yield from value
        return
    elements = (each for _, each in value) if collection.form == "series" else value
    for element in elements:
        if collection.single:
            yield element
        elif element is not None:
            yield from (element[name] for name in collection.fields)


def _beyond(spec: FactSpec, value: Any) -> Refusal | None:
    """Refuse a number that is larger than any amount or count."""
    numbers = [value] if spec.collection is None else _values(spec.collection, value)
    if all(in_range(number) for number in numbers):
        return None
    name = spec.name
    return Refusal(
        "out_of_range", name, "",
        f"{name}：数值超出 {NUMBER_MAX}", f"{name}: a number is beyond {NUMBER_MAX}",
    )  # fmt: skip


def _not_listed(spec: FactSpec, value: Any) -> Refusal | None:
    """Refuse a text that is not of the closed list."""
    if not spec.options or value in spec.options:
        return None
    name, known_texts = spec.name, ", ".join(spec.options)
    return Refusal(
        "not_listed", name, "",
        f"{name}：{value!r} 不在 {known_texts} 之中", f"{name}: {value!r} is none of {known_texts}",
    )  # fmt: skip


def _out_of_time(
    specs: Mapping[str, FactSpec], values: Mapping[str, Any], governed_by: str
) -> Refusal | None:
    """Refuse elements that lie after the governing day, and a series that says one day twice."""
    on = values.get(governed_by)
    for name, value in values.items():
        collection = specs[name].collection
        if collection is None or not collection.dated or not value:
            continue
        days = (
            [at for at, _ in value]
            if collection.form == "series"
            else [each[collection.at] for each in value if each[collection.at] is not None]
        )
        last = max(days, default=on)
        if on is not None and last is not None and last > on:
            return Refusal(
                "later_element", name, "",
                f"{name}：{last} 晚于判定日 {on}",
                f"{name}: {last} lies after the governing day {on}",
            )  # fmt: skip
        if collection.form == "series" and len(set(days)) != len(days):
            return Refusal(
                "duplicate_element", name, "",
                f"{name}：同一天出现两次", f"{name}: the same day is given twice",
            )  # fmt: skip
    return None
