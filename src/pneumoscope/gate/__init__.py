"""What header and pixels alone say of an image, and what follows from it; no model is needed."""

from pneumoscope.gate.policy import Policy, read_policy
from pneumoscope.gate.rules import RULES, Action, Facts, Rule, findings
from pneumoscope.gate.titles import TITLES

__all__ = ["RULES", "TITLES", "Action", "Facts", "Policy", "Rule", "findings", "read_policy"]
