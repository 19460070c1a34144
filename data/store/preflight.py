"""Whether a store is fit to serve: everything that is wrong with it at once, and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from data.store.migrate import EXTENSIONS, is_leakproof, migrations, pending
from data.store.sql import one
from gis.errors import StoreError
from gis.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection

POSTGRESQL, POSTGIS = 15, (3, 3)
"""The oldest versions that our statements are written for."""

_SERVER = """
SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding'),
    current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
    (SELECT coalesce(json_object_agg(extname, extversion), '{}') FROM pg_extension)"""

_ROLE = """
SELECT current_user::text, r.rolsuper, r.rolbypassrls, NOT r.rolsuper AND EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'wangge' AND pg_has_role(r.oid, c.relowner, 'MEMBER'))
FROM pg_roles r WHERE r.rolname = current_user"""

# By the catalogue: a name in a schema that the role may not use is an error and not an answer.
_HISTORY = """
SELECT count(*) > 0, coalesce(bool_and(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')), false)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'wangge' AND c.relname = 'migration'"""


def preflight(conn: connection) -> tuple[Finding, ...]:
    """Return what is wrong with the store, seen with the application's own eyes: `conn` is its role's.

    An error means that answers would be wrong, missing, or open to everybody; a warning, that they may be lost or slow.
    """
    return tuple(finding for look in (_server, _role, _schema, _spatial_indices) for finding in look(conn))


def _server(conn: connection) -> Iterator[Finding]:
    """Look at the server and what is installed in it."""
    major, encoding, fsync, full_pages, commit, extensions = one(conn, _SERVER)
    if major < POSTGRESQL:
        yield _error(
            "old_postgresql",
            f"the server is PostgreSQL {major}: wangge needs {POSTGRESQL} or newer",
            f"服务器为 PostgreSQL {major}，需要 {POSTGRESQL} 或更新版本",
        )
    for name in EXTENSIONS:
        if name not in extensions:
            yield _error(
                "no_extension",
                f"the extension {name} is missing: let the server's administrator run  CREATE EXTENSION {name}",
                f"缺少扩展 {name}：请数据库管理员执行  CREATE EXTENSION {name}",
            )
    if (postgis := extensions.get("postgis")) is not None and _version(postgis) < POSTGIS:
        yield _error(
            "old_postgis",
            f"PostGIS {postgis} is too old: wangge needs {POSTGIS[0]}.{POSTGIS[1]} or newer",
            f"PostGIS {postgis} 版本过旧，需要 {POSTGIS[0]}.{POSTGIS[1]} 或更新版本",
        )
    if encoding != "UTF8":
        yield _error(
            "not_utf8",
            f"the database is encoded in {encoding}, which cannot hold every name: make it anew with ENCODING 'UTF8'",
            f"数据库编码为 {encoding}，无法保存全部名称：请以 ENCODING 'UTF8' 重新建库",
        )
    settings = {"fsync": fsync, "full_page_writes": full_pages, "synchronous_commit": commit}
    for name in (name for name, value in settings.items() if value == "off"):
        yield _warning(
            "may_lose_data",
            f"{name} is off: what has been confirmed may be lost in a crash. Switch it on in postgresql.conf",
            f"{name} 已关闭：崩溃时可能丢失已确认的数据。请在 postgresql.conf 中打开",
        )


def _role(conn: connection) -> Iterator[Finding]:
    """Look at who we are to the server: whoever stands above the policies answers everybody with everything."""
    name, is_super, bypasses, owns = one(conn, _ROLE)
    reasons = [
        (is_super, "is a superuser", "是超级用户"),
        (bypasses, "has BYPASSRLS", "拥有 BYPASSRLS"),
        (owns, "owns tables of the store", "是库表的属主"),
    ]
    for _, en, zh in (reason for reason in reasons if reason[0]):
        yield _error(
            "role_too_strong",
            f"the role {name} {en}, so row-level security does not bind it: connect as wangge_app",
            f"角色 {name} {zh}，不受行级安全约束：请改用 wangge_app 连接",
        )


def _schema(conn: connection) -> Iterator[Finding]:
    """Look at the migrations that the store has had."""
    exists, readable = one(conn, _HISTORY)
    if not exists:
        yield _error(
            "no_schema", "the store has no tables yet: migrate it as its owner", "库中尚无数据表：请以属主身份执行迁移"
        )
    elif not readable:
        yield _warning(
            "schema_unknown",
            "the store's version cannot be read: migrate it once more as its owner",
            "无法读取库的版本：请以属主身份再次执行迁移",
        )
    else:
        try:
            behind = pending(conn, migrations())
        except StoreError as error:
            yield _error("other_schema", str(error), f"库与本程序版本不符：{error}")
            return
        if behind:
            names = ", ".join(step.name for step in behind)
            yield _error(
                "old_schema",
                f"the store is older than this program: migrate it as its owner (to come: {names})",
                f"库的版本早于本程序：请以属主身份执行迁移（待执行：{names}）",
            )


def _spatial_indices(conn: connection) -> Iterator[Finding]:
    """Look whether the planner may use spatial indices below policies."""
    installed = one(conn, "SELECT to_regtype('geometry') IS NOT NULL")
    if installed == (True,) and not is_leakproof(conn):
        yield _warning(
            "not_leakproof",
            "spatial indices do not work below row-level security: maps of household points will be slow. Migrate once as a "
            "superuser, and again whenever PostGIS has been updated",
            "空间索引在行级安全之下不可用，住户点地图会很慢：请以超级用户执行一次迁移，PostGIS 升级后再执行一次",
        )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


def _error(kind: str, en: str, zh: str) -> Finding:
    return Finding(kind=kind, severity=Severity.ERROR, en=en, zh=zh)


def _warning(kind: str, en: str, zh: str) -> Finding:
    return Finding(kind=kind, severity=Severity.WARNING, en=en, zh=zh)
