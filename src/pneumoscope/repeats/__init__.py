"""Several trainings of one network: over seeds or over folds, their spread, and their ensemble.

RUN/repeats.json           the data, the settings, and how often it is trained
RUN/seed-1, RUN/fold-1 …   the runs
RUN/bundle                 the ensemble of the runs
RUN/spread.*               their measures on images that they have not seen, as JSON and tables
"""

from pneumoscope.errors import extra_needed

with extra_needed("train", "Training"):
    from pneumoscope.repeats.plan import Kind, is_repeated
    from pneumoscope.repeats.result import SeveralRuns, Spread
    from pneumoscope.repeats.run import resume_several, train_several
    from pneumoscope.repeats.tables import tabulate_spread

__all__ = [
    "Kind",
    "SeveralRuns",
    "Spread",
    "is_repeated",
    "resume_several",
    "tabulate_spread",
    "train_several",
]
