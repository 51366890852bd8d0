"""What a topic can publish. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from handler.report.report import Report

if TYPE_CHECKING:
    from handler.report.audit import AuditReport
    from handler.report.check import CheckReport

Publishable: TypeAlias = "Report | CheckReport | AuditReport"
"""A report, or what a check or an audit found: each has data, attributes to filter by, and CloudEvents."""
