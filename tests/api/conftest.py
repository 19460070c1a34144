"""Fixtures that tests of the service share."""

from tests.windows import window

__all__ = ["window"]
