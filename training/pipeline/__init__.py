"""The steps of a run: fitting (`train`), evaluation and report (`finalize`).

`publish_run` publishes it, if the gate lets it pass.
"""
