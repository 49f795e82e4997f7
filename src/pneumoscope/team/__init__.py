"""The processes that train one network together: who they are, whether they agree, who is lost.

It knows neither Keras nor JAX, and sends nothing but settings, fingerprints and signs of life.
"""

from pneumoscope.team.meeting import meet
from pneumoscope.team.placement import Placement
from pneumoscope.team.team import Team

__all__ = ["Placement", "Team", "meet"]
