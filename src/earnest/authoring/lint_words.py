"""Words for readers: missing in one language, or missing altogether."""

from collections.abc import Iterator

from earnest.policy.document import Document, Path
from earnest.policy.shape import Book, Decision, Words


def words_remarked(document: Document, book: Book) -> None:
    """Note every text without its Chinese or English, and every name that readers see bare."""
    for name, clause in book.clauses.items():
        _both(document, ("clauses", name), Words(zh=clause.zh, en=clause.en))
    for path, words in _texts(book):
        if words is not None:
            _both(document, path, words)
    for path in _shown(book):
        name = str(path[-1])
        if name not in book.texts:
            document.add_key(
                path, "no_name",
                f"{name} 没有 title，也不在 texts 里，读者只能看到它的名字",
                f"{name} has no title and is not among the texts: readers see the bare name",
            )  # fmt: skip


def _both(document: Document, path: Path, words: Words) -> None:
    said = ".".join(str(part) for part in path)
    if not words.zh:
        document.add_key(
            path, "no_text", f"{said}：中文为空；请写 zh", f"{said}: no Chinese text; write zh"
        )
    if not words.en:
        document.add_key(
            path, "no_text",
            f"{said}：没有英文；请写 en", f"{said}: no English text; write en",
        )  # fmt: skip


def _texts(book: Book) -> Iterator[tuple[Path, Words | None]]:
    yield ("title",), book.title
    for index, act in enumerate(book.instruments):
        yield ("instruments", index, "title"), act.title
    for name, choice in book.interpretations.items():
        yield ("interpretations", name, "question"), choice.question
        for option, words in choice.options.items():
            yield ("interpretations", name, "options", option), words
    for section in ("parameters", "tables", "windows", "calendars", "decisions"):
        for name, element in getattr(book, section).items():
            yield (section, name, "title"), element.title
    for name, decision in book.decisions.items():
        yield from _step_texts(name, decision)
    for name, words in book.texts.items():
        yield ("texts", name), words


def _step_texts(name: str, decision: Decision) -> Iterator[tuple[Path, Words | None]]:
    for section, steps in (("applies", decision.applies), ("steps", decision.steps)):
        for step, shape in steps.items():
            path: Path = ("decisions", name, section, step)
            yield (*path, "title"), shape.title
            yield (*path, "refusal"), shape.refusal


def _shown(book: Book) -> Iterator[Path]:
    """Go through the names without a title that stand in explanations and on pages."""
    for section in ("parameters", "tables", "windows", "decisions"):
        for name, element in getattr(book, section).items():
            if element.title is None:
                yield (section, name)
    for name, decision in book.decisions.items():
        yield from (("decisions", name, "facts", fact) for fact in decision.facts)
        for step, shape in decision.steps.items():
            if shape.title is None:
                yield ("decisions", name, "steps", step)
