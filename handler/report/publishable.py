"""What a topic can publish. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from handler.report.report import Report

if TYPE_CHECKING:
    from handler.report.check import CheckReport

Publishable: TypeAlias = "Report | CheckReport"
"""A report, or what a check found: both have data, attributes to filter by, and CloudEvents."""
