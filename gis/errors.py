"""The one error tree of the house.

* WanggeError
  + InputError            the files, as they lie there, cannot be used: carries findings
  + RulesError            rules that contradict themselves or each other
  + FrameError            coordinates whose frame is unknown, or no metric frame
  + CodeError             a grid or area code that breaks its scheme
    - SequenceExhausted   a community has used all its grid numbers
  + BrokenPlan            a plan that fails its own certificate: a defect of ours, never of the data
  + StoreError            the store cannot be used: not there, too old, not ours
    - StoreBusy           no connection is free, or the server asks to come again
  + RequestError          a question that cannot be answered as it was asked
    - NotFound            nothing by that name that the caller may see
    - ParameterError      a parameter, filter or field that cannot be used: names it
    - Unidentified        who asks is not known, or what they showed is not valid
    - Refused             the caller may not do this
    - Conflict            what was asked does not fit the state that the thing is in
      . Stale             the caller has seen an older version than the one that is there
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


class StoreError(WanggeError):
    """The store cannot be used; the message says what to do."""


class StoreBusy(StoreError):
    """The store has no time now; asking again later may succeed."""


class RequestError(WanggeError):
    """A question cannot be answered as it was asked. `code` is a stable word for machines.

    As a text it is English, which is what the log keeps; `zh` is the same sentence for people who read Chinese.
    """

    code = "bad-request"

    def __init__(self, message: str, *, code: str | None = None, zh: str | None = None, **extra: object) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.zh = zh
        self.extra = extra
        """Further members of the answer, by name."""


class NotFound(RequestError):
    """There is nothing by that name that the caller may see."""

    code = "not-found"


class ParameterError(RequestError, ValueError):
    """A parameter, filter or field cannot be used."""

    code = "invalid-parameter"

    def __init__(
        self, parameter: str, message: str, *, code: str | None = None, zh: str | None = None, **extra: object
    ) -> None:
        super().__init__(message, code=code, zh=zh, **extra)
        self.parameter = parameter


class Unidentified(RequestError):
    """Who asks is not known, or what they showed is not valid."""

    code = "unidentified"


class Refused(RequestError):
    """The caller may not do this."""

    code = "scope-denied"


class Conflict(RequestError):
    """What was asked does not fit the state that the thing is in."""

    code = "conflict"


class Stale(Conflict):
    """The caller has seen an older version than the one that is there."""

    code = "stale-version"
