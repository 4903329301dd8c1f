"""The commands of `python -m training`: one module each, with `add`, which describes it.

Keras and TensorFlow take seconds to import: a command imports what needs them when it runs.
"""

from training.commands import (
    drift,
    evaluate,
    export,
    prepare,
    prune,
    recipes,
    report,
    results,
    run,
    show_data,
    starters,
    unknowns,
)

COMMANDS = (
    run,
    export,
    report,
    evaluate,
    unknowns,
    results,
    recipes,
    prepare,
    show_data,
    drift,
    prune,
    starters,
)
"""In the order in which the help lists them."""
