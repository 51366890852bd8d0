"""What a topic can publish. Pure."""

from handler.report.check import CheckReport
from handler.report.report import Report

Publishable = Report | CheckReport
"""A report, or what a check found: both have data, attributes to filter by, and CloudEvents."""
