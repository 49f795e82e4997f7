"""Scoring of an archive: images to rows, in whole shards, by many processes at once.

listing ─▶ list.parquet, plan.json ─▶ work: a shard to its rows ─▶ run: what has come of it
▲ started by pool, on this machine
"""

from pneumoscope.errors import extra_needed

with extra_needed("scale", "Scoring an archive"):
    from pneumoscope.scale.run import score
    from pneumoscope.scale.summary import Scoring
    from pneumoscope.scale.tables import tabulate_scoring

__all__ = ["Scoring", "score", "tabulate_scoring"]
