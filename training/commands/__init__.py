"""The commands of `python -m training`, one module each.

Each module has `add_arguments`, which adds the command's arguments to its parser, and `run`, which
performs it. Keras and TensorFlow take seconds to import: `run` imports what needs them.
"""

COMMANDS = {
    "run": "train and evaluate a recipe",
    "adapt": "fit a published version to your own photos, in minutes",
    "job": "print the manifest of a Kubernetes Job that runs a recipe",
    "compare": "compare recipes on random splits, or published versions on the same photos",
    "runs": "list the runs, or show one of them",
    "publish": "publish a run that has ended",
    "report": "write the report of a run again",
    "sweep": "train a recipe with many settings, and evaluate the best one",
    "evaluate": "score a published model on any photos",
    "unknowns": "test which unknown photos a published model recognizes",
    "collect": "choose the photos that are worth a label, for a person to sort",
    "results": "write the table of all recipes' results",
    "recipes": "list the recipes",
    "prepare": "extract a published archive into folders of photos",
    "show-model": "show the layers of a recipe's network",
    "show-data": "draw photos of a recipe's data set with their labels",
    "show-predictions": "draw test photos with what a published model predicts",
    "predict": "classify photos with a published model, without a server",
    "speed": "measure how fast a recipe is fitted, by batch size and loading",
    "drift": "compare a model's live predictions with those on its test photos",
    "versions": "list the versions of a model, and which one serves",
    "promote": "roll a version out: label it canary or stable, by hand or by its metrics",
    "rollback": "serve an older version of a model, or the newest again",
    "label": "point a label, such as canary, at a version",
    "prune": "remove old versions of a model",
    "starters": "train the starter models in the source tree again",
}
"""The help of each command, in this order; the module of `show-data` is `show_data`."""

FORMER_NAMES = {"export": "publish"}
"""Commands of earlier releases, which still work, but are not listed."""
