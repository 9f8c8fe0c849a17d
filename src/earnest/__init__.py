"""earnest keeps a marketplace honest: measures, judges, holds deposits, and proves every step."""

__version__ = "0.1.0"
