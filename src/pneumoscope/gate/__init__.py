"""What header and pixels alone say of an image, and what follows from it; no model is needed."""

from pneumoscope.gate.policy import Policy, read_policy
from pneumoscope.gate.rules import RULES, Action, Facts, Rule, findings

__all__ = ["RULES", "Action", "Facts", "Policy", "Rule", "findings", "read_policy"]
