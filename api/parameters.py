"""What a caller writes into an address: parameters that are known, each once, and every fault of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data.spelling import did_you_mean, listed
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_LONGEST_NAME = 60
_MOST_NAMED = 60


def taken(pairs: Iterable[tuple[str, str]], known: Collection[str]) -> tuple[dict[str, str], list[ParameterError]]:
    """Return what each parameter says, by name, and a fault for each that is not `known` or is given again."""
    given: dict[str, str] = {}
    faults: list[ParameterError] = []
    for name, value in pairs:
        if name not in known:
            short = name[:_LONGEST_NAME]
            hint = did_you_mean(short, known)["hint"]
            detail = f"there is no parameter {short!r} here{hint}; there are {listed(known, most=_MOST_NAMED)}"
            faults.append(ParameterError(short, detail, code="unknown-parameter"))
        elif name in given:
            faults.append(ParameterError(name, f"{name} is given more than once; give it once"))
        else:
            given[name] = value
    return given, faults


def refuse(faults: Sequence[ParameterError]) -> None:
    """Raise the first fault, if there is one; `errors` in its `extra` lists all of them."""
    if not faults:
        return
    first = faults[0]
    errors = [{"parameter": fault.parameter, "code": fault.code, "detail": str(fault)} for fault in faults]
    extra: dict[str, Any] = {name: value for name, value in first.extra.items() if name != "errors"}
    raise ParameterError(first.parameter, str(first), code=first.code, zh=first.zh, **extra, errors=errors)
