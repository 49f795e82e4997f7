"""Several trainings of one network, over seeds, folds or sources: their spread, their ensemble.

RUN/repeats.json           the data, the settings, and how often it is trained
RUN/seed-1, RUN/fold-1, RUN/without-1-EAST …   the runs
RUN/bundle                 the ensemble of the runs; none over sources
RUN/spread.*               their measures on images that they have not seen, as JSON and tables
"""

from pneumoscope.errors import extra_needed

with extra_needed("train", "Training"):
    from pneumoscope.repeats.plan import Kind, is_repeated
    from pneumoscope.repeats.result import SeveralRuns, Spread
    from pneumoscope.repeats.run import resume_several, train_several
    from pneumoscope.repeats.sources import Travel
    from pneumoscope.repeats.tables import tabulate_spread

__all__ = [
    "Kind",
    "SeveralRuns",
    "Spread",
    "Travel",
    "is_repeated",
    "resume_several",
    "tabulate_spread",
    "train_several",
]
