"""A pack as its writers see it: every value as written, drafts too, and where each stands."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from earnest.policy.book import read_book
from earnest.policy.bundle import read_bundle
from earnest.policy.document import Document
from earnest.policy.shape import Book, Decision, Step


@dataclass(frozen=True)
class Opened:
    """A pack's data with its places, and the same data in its shape."""

    document: Document
    book: Book


def opened(text: str, name: str) -> Opened:
    """Open a pack's text anew; its document takes notes of its own.

    Raises:
        PackError: it has not the shape of a pack.
    """
    document = read_bundle(text, name)
    book = read_book(document)
    document.refuse_if_wrong()
    return Opened(document, book)


def names_in(expression: str) -> frozenset[str]:
    """Return every name that an expression uses; texts in quotes count for nothing.

    >>> sorted(names_in("max(base, tier(sales).amount) if way == 'sum' else 0"))
    ['base', 'max', 'sales', 'tier', 'way']
    """
    return frozenset(
        each.id for each in ast.walk(tree_of(expression)) if isinstance(each, ast.Name)
    )


def tree_of(expression: str) -> ast.expr:
    """Return an expression's syntax; a literal None for what is no expression."""
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return ast.Constant(None)


def expressions(decision: Decision) -> Iterator[tuple[tuple[str, str], Step]]:
    """Go through a decision's conditions and steps, each with its section and name."""
    for section, steps in (("applies", decision.applies), ("steps", decision.steps)):
        for name, step in steps.items():
            yield (section, name), step
