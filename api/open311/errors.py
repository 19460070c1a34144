"""Errors of Open311: a list of what is wrong, each with a code and a sentence, in the form that was asked for.

The standard knows three kinds: 403 is a key that is missing or does not serve, 404 something that is not there, 400 the rest.
"""

from __future__ import annotations

import logging
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import psycopg2
from starlette.exceptions import HTTPException

from api.asked import language, request_id
from api.loop.labels import Label
from api.open311.answers import respond
from api.problem_kinds import KINDS
from api.problems import OURS, problem_of
from gis.errors import ParameterError, WanggeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from api.lang import Lang
    from api.problems import Problem

NOT_THERE = "not-found"
"""The code of a fault that names something that is not there."""

TEXTS: Mapping[str, Label] = {
    "missing": Label("缺少 {name}", "{name} is missing"),
    "no-location": Label("缺少位置：请提供 lat 和 long（WGS84）", "the location is missing: give lat and long (WGS84)"),
    "address-id": Label(
        "不能由 address_id 确定位置：请提供 address_string，或 lat 和 long（WGS84）",
        "an address_id does not say where it is: give an address_string, or lat and long (WGS84)",
    ),
    "no-place": Label(
        "没有找到“{value}”（已查找小区、楼栋、专属区域、道路）：请提供 lat 和 long（WGS84）",
        "there is no {value} among the compounds, buildings, dedicated areas and streets here: give lat and long (WGS84)",
    ),
    "ambiguous-address": Label(
        "“{value}”可能指 {count} 处，如 {names}：请提供 lat 和 long（WGS84）",
        "{value} may be {count} places, such as {names}: give lat and long (WGS84)",
    ),
    "no-degrees": Label("{name} 应为 −{most} 到 {most} 之间的度数", "{name} is a number of degrees from -{most} to {most}"),
    "too-long": Label("{name} 最多 {most} 个字符", "{name} has at most {most} characters"),
    "wrong-phone": Label("phone 只能包含数字、+、-、括号和空格", "phone has digits, +, -, brackets and blanks only"),
    "wrong-email": Label("email 不是邮箱地址", "email is no address of mail"),
    "unknown-service": Label("没有这项服务：{value}", "there is no service {value}"),
    "not-offered": Label("服务 {value} 已不再受理", "the service {value} is not offered any more"),
    "not-offered-there": Label("该地点不受理服务 {value}", "the service {value} is not offered at this place"),
    "unknown-jurisdiction": Label("没有这个辖区：{value}", "there is no jurisdiction {value}"),
    "outside-jurisdiction": Label("该地点不在辖区 {value} 内", "this place lies outside the jurisdiction {value}"),
    "outside": Label("该地点不在服务范围内", "this place lies outside the area served"),
    "unknown-request": Label("没有编号为 {value} 的报告", "there is no service request {value}"),
    "not-yours": Label("报告 {value} 不由此 api_key 办理", "the service request {value} is not in the hands of this api_key"),
    "unknown-token": Label(
        "没有这个令牌：报告提交后立即获得编号，从不使用令牌",
        "there is no such token: every request has its id at once, and no tokens are given",
    ),
    "unknown-format": Label("只提供 xml 和 json 格式", "there are the formats xml and json"),
    "unknown-address": Label("没有这个地址", "there is nothing at this address"),
    "no-date": Label(
        "{name} 应为带时区的时刻，如 2026-11-21T09:30:00+08:00", "write {name} with its zone, as 2026-11-21T09:30:00+08:00"
    ),
    "backwards": Label("start_date 晚于 end_date", "start_date is later than end_date"),
    "too-wide": Label("start_date 与 end_date 最多相隔 {most} 天", "from start_date to end_date are at most {most} days"),
    "no-count": Label("{name} 应为从 1 起的整数", "{name} is a whole number from 1 on"),
    "too-deep": Label(
        "翻页最多到第 {most} 条：请用 start_date 和 end_date 缩小范围",
        "pages reach as far as number {most}: narrow the list by start_date and end_date",
    ),
    "too-many": Label("{name} 最多列出 {most} 项", "{name} names at most {most}"),
    "no-status": Label("status 应为 open 或 closed", "status is open or closed"),
    "unknown-status": Label("status 应为以下之一：{value}", "status is one of {value}"),
    "one-picture": Label("每次只能提交一张图片（media）", "one picture can be sent at a time, as media"),
    "no-form": Label(
        "请以表单提交：application/x-www-form-urlencoded 或 multipart/form-data",
        "send a form: application/x-www-form-urlencoded or multipart/form-data",
    ),
    "key-required": Label("需要有效的 api_key", "a valid api_key is needed"),
    "not-open": Label("本服务未对公众开放：需要有效的 api_key", "this is not open to everybody: a valid api_key is needed"),
}
"""What is said, by name; braces stand for what it is said of."""

_STATUS: Mapping[int, int] = {401: 403}
_KEPT = frozenset({403, 404, 413, 429})
"""Statuses that stay as they are; all others that are the caller's fault are 400 here."""


def fault(about: str, what: str, lang: Lang, *, code: str | None = None, **of: object) -> ParameterError:
    """Return what is wrong with a parameter or a field; `what` is one of `TEXTS`."""
    return ParameterError(about, say(what, lang, name=about, **of), code=code)


def say(what: str, lang: Lang, **of: object) -> str:
    """Return one of `TEXTS` in a language."""
    return TEXTS[what].say(lang).format(**of)


def answered(work: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Have the errors of a route answered as Open311 wants them."""

    @wraps(work)
    def safe(request: Request) -> Response:
        try:
            return work(request)
        except (WanggeError, psycopg2.Error, HTTPException) as error:
            return _answer(request, error)

    return safe


def _answer(request: Request, error: Exception) -> Response:
    lang = language(request)
    problem = problem_of(error, lang)
    if problem.status >= OURS:
        facts = {"request_id": request_id(request), "code": problem.code, "error": f"{type(error).__name__}: {error}".strip()}
        exc_info = None if problem.kind == "store-busy" else error
        logging.getLogger("wangge.problems").error("problem", extra={"facts": facts}, exc_info=exc_info)
    found = _listed(problem, lang)
    status = 400 if any(code == HTTPStatus.BAD_REQUEST for code, _ in found) else found[0][0]
    headers = {"Cache-Control": "no-store"}
    if "Retry-After" in problem.headers:
        headers["Retry-After"] = problem.headers["Retry-After"]
    listed = [{"code": str(code), "description": text} for code, text in found]
    return respond(request, "errors", listed, lang=lang, status=status, headers=headers)


def _listed(problem: Problem, lang: Lang) -> list[tuple[int, str]]:
    """Return each thing that is wrong, with its status."""
    status = _STATUS.get(problem.status, problem.status if problem.status in _KEPT or problem.status >= OURS else 400)
    each = problem.more.get("errors")
    if status == HTTPStatus.BAD_REQUEST and isinstance(each, list) and each:
        return [
            (404 if entry.get("code") == NOT_THERE else 400, _said(problem, str(entry.get("detail", "")), lang))
            for entry in cast("list[dict[str, Any]]", each)
        ]
    return [(status, _said(problem, problem.detail, lang))]


def _said(problem: Problem, detail: str, lang: Lang) -> str:
    """Return a sentence in the caller's language: what the rest of the house says of a request is said in English alone."""
    title = KINDS[problem.kind].title(lang)
    if not detail:
        return title
    return f"{title}：{detail}" if lang == "zh" and detail.isascii() else detail
