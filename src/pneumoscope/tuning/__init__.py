"""The search for settings of training, by Optuna, and what the choice is worth.

DIR/study.json       the data and the settings that every trial has
DIR/journal.log      the trials, in a journal of Optuna
DIR/trial-001 …      the runs
DIR/winner-007       the trial that was chosen, trained again with three other seeds, and measured
DIR/tune.*           the result, as JSON and tables
DIR/history.png      the figure of each trial
"""

from pneumoscope.errors import extra_needed

with extra_needed("tune", "Tuning"):
    from pneumoscope.tuning.result import Trial, Tuning
    from pneumoscope.tuning.run import tune
    from pneumoscope.tuning.tables import summarise_tuning, tabulate_tuning

__all__ = ["Trial", "Tuning", "summarise_tuning", "tabulate_tuning", "tune"]
