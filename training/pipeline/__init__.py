"""The steps of a run: fitting (`train`), then evaluation, report, gate, publishing (`finalize`).

`publish_run` finalizes a run that was fitted in another process.
"""
