"""The one error tree of the house.

* WanggeError
  + InputError            the files, as they lie there, cannot be used: carries findings
  + RulesError            rules that contradict themselves or each other
  + FrameError            coordinates whose frame is unknown, or no metric frame
  + CodeError             a grid or area code that breaks its scheme
    - SequenceExhausted   a community has used all its grid numbers
  + BrokenPlan            a plan that fails its own certificate: a defect of ours, never of the data
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.finding import Finding


class WanggeError(Exception):
    """Something that the caller can act on went wrong."""


class InputError(WanggeError):
    """The input cannot be used as it is; `findings` says everything that is wrong with it."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class RulesError(WanggeError, ValueError):
    """The rules contradict themselves or each other."""


class FrameError(WanggeError, ValueError):
    """The coordinates' frame is unknown, or a frame is not metric."""


class CodeError(WanggeError, ValueError):
    """A code breaks its scheme."""


class SequenceExhausted(CodeError):
    """A community has no grid number left."""


class BrokenPlan(WanggeError):
    """A plan failed its own certificate; nothing was written."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)
