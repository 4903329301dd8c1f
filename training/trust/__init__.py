"""What makes a prediction one to rely on: honest probabilities, and "this is nothing I know".

After fitting, the probabilities are calibrated (`calibration`), and a score that tells photos of
the kind that the network was trained on from others (`scores`) gets its threshold (`recognition`).
Both are part of the published graph. `unknowns` are what the score is judged with.
"""
