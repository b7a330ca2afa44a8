"""A study file → Study → the runs it plans."""

from mascope.study.condition import Branch, Condition, Fault, Hypothesis, Run, Study
from mascope.study.load import branched, first_limits, load_study, stamped
from mascope.study.plan import plan, plan_run

__all__ = [
    "Branch",
    "Condition",
    "Fault",
    "Hypothesis",
    "Run",
    "Study",
    "branched",
    "first_limits",
    "load_study",
    "plan",
    "plan_run",
    "stamped",
]
