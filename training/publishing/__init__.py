"""From a trained network to a published version: card, export, checks, gate."""
