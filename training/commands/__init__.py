"""The commands of `python -m training`: one module each, whose `add` adds it to the parser.

Keras and TensorFlow take seconds to import: commands import what needs them when they run.
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
"""In the order of the help."""
